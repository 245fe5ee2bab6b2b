//! Subscribing: attach, replay what was missed, go live. No entry falls between the three.

use crate::{
    call,
    delivery::{self, Delivery},
    frames,
    hub::Attached,
    member::{Member, Subscription},
    node::Node,
    replay,
    session::Refusal,
    shard::Input,
};
use fanfare_bus::LogError;
use fanfare_proto::{Channel, Cursor, ErrorCode, Position};
use tokio::sync::oneshot;

/// Subscribes `member` to `channel`: `subscribed`, the missed entries, and from then on live. A gap that cannot be
/// filled is told by a `reset` before `subscribed`, whose cursor is where the channel stands now.
pub(crate) async fn run(
    node: &Node,
    member: &Member,
    id: Option<&str>,
    channel: &Channel,
    since: Option<&str>,
) -> Result<(), Refusal> {
    let since = since.map(Cursor::parse).transpose().map_err(|_text| {
        Refusal::new(
            ErrorCode::BadMessage,
            "since is not a cursor of this system",
        )
    })?;
    let (shard, key) = member.seat();
    let Attached { attachment, head } = node
        .hub
        .attach(channel.clone(), shard, key)
        .await
        .ok_or(Refusal::from(ErrorCode::Unavailable))?;
    let attached = attachment.id();
    let epoch = node.log.epoch(channel);
    let start = first_step(node, channel, epoch, since, head).await;
    let (from, recovered) = match &start {
        Start::At(position) => (*position, false),
        Start::Replay(from, _) => (*from, true),
        Start::Reset(reason) => {
            node.figures.resets.inc();
            call::tell_reset(node, member, channel, reason);
            (head, false)
        }
    };
    member.subscribed(Subscription {
        attachment,
        from_n: from.n,
        replayed_n: from.n,
        live: false,
        at_ms: node.clock.now_ms(),
        _watching: (!channel.is_stored()).then(|| node.system.watch()),
    });
    let cursor = channel.is_stored().then_some(from);
    let text = frames::subscribed(id, channel, epoch, cursor, recovered, node.clock.now_ms());
    member.link.send_text(&text);
    let mut position = from;
    if let Start::Replay(_, step) = start {
        position = catch_up(node, member, channel, epoch, Some(step), position, head).await?;
    }
    while let Some(upto) = go_live(node, member, attached).await? {
        position = catch_up(node, member, channel, epoch, None, position, upto).await?;
    }
    member.went_live(channel);
    node.reports.changed(member);
    Ok(())
}

enum Start {
    At(Position),
    Replay(Position, replay::Step),
    Reset(&'static str),
}

/// Checks the cursor by reading the first page after it.
async fn first_step(
    node: &Node,
    channel: &Channel,
    epoch: u32,
    since: Option<Cursor>,
    head: Position,
) -> Start {
    let Some(since) = since.filter(|_| channel.is_stored()) else {
        return Start::At(head);
    };
    if since.epoch != epoch {
        return Start::Reset("epoch_changed");
    }
    // A reader of another copy may stand before `head` here: never ask for less than the cursor.
    let upto = head.max(since.position);
    match replay::step(&*node.log, channel, since.position, upto).await {
        Ok(step) => Start::Replay(since.position, step),
        Err(error) => Start::Reset(replay::reset_reason(&error)),
    }
}

/// Sends everything in (`position`, `upto`], a page at a time, never faster than the client reads.
async fn catch_up(
    node: &Node,
    member: &Member,
    channel: &Channel,
    epoch: u32,
    mut first: Option<replay::Step>,
    mut position: Position,
    upto: Position,
) -> Result<Position, Refusal> {
    loop {
        let step = match first.take() {
            Some(step) => step,
            None => match replay::step(&*node.log, channel, position, upto).await {
                Ok(step) => step,
                Err(error) => return Err(lost(node, member, channel, &error)),
            },
        };
        let deliveries: Vec<Delivery> = step
            .records
            .iter()
            .filter_map(|record| Delivery::of_record(record, epoch))
            .collect();
        node.figures.replayed.inc_by(deliveries.len() as u64);
        for chunk in delivery::join(&deliveries) {
            let mark = (channel, chunk.first_n);
            let sent = member
                .link
                .send(&chunk.bytes, chunk.frames, chunk.class, Some(mark));
            node.figures.sent(sent, chunk.frames);
            member.link.drained().await;
        }
        position = step.position;
        member.replayed(channel, position.n);
        if !step.more {
            return Ok(position);
        }
    }
}

/// History was trimmed under a replay that had begun.
fn lost(node: &Node, member: &Member, channel: &Channel, error: &LogError) -> Refusal {
    node.figures.resets.inc();
    call::tell_reset(node, member, channel, replay::reset_reason(error));
    member.left(channel, node.clock.now_ms());
    Refusal::new(
        ErrorCode::NotFound,
        "history was trimmed meanwhile; subscribe again",
    )
}

/// Asks the shard to deliver directly. Answers how far to replay first, when too much came meanwhile.
async fn go_live(node: &Node, member: &Member, attached: u32) -> Result<Option<Position>, Refusal> {
    let (shard, key) = member.seat();
    let (reply, answer) = oneshot::channel();
    node.shards[shard]
        .tell(Input::GoLive(attached, key, reply))
        .await;
    answer
        .await
        .map_err(|_ending| ErrorCode::Unavailable.into())
}
