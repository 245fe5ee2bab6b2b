//! Subscribing: attach, replay what was missed, go live. No entry falls between the three.

use crate::{
    delivery::{self, Delivery},
    frames,
    hub::Attached,
    link::Sent,
    member::{Member, Subscription},
    node::Node,
    replay,
    session::Refusal,
    shard::{Input, Reading},
};
use fanfare_bus::{LogError, log::Record};
use fanfare_proto::{Channel, CloseCode, Cursor, ErrorCode, Position, cursor::CursorError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest that a client may take for one chunk of a replay.
const STALL: Duration = Duration::from_secs(60);

/// Subscribes `member` to `channel`: `subscribed`, the missed entries, and from then on live. A gap that cannot be
/// filled is told by a `reset` before `subscribed`, whose cursor is where the channel stands now.
pub(crate) async fn run(
    node: &Node,
    member: &Member,
    id: Option<&str>,
    channel: &Channel,
    since: Option<&str>,
) -> Result<(), Refusal> {
    let since = since.filter(|_| channel.is_stored()).map(Cursor::parse);
    // One replay at a time: together they would queue more than a client that reads well can take.
    let _turn = match since {
        Some(_) => Some(member.replay_turn.lock().await),
        None => None,
    };
    let (shard, key) = member.seat();
    let Attached { attachment, head } = node
        .hub
        .attach(channel.clone(), shard, key)
        .await
        .ok_or(Refusal::from(ErrorCode::Unavailable))?;
    let reader = Reader {
        node,
        member,
        channel,
        epoch: node.log.epoch(channel),
        reading: attachment.reading,
    };
    let start = reader.first_step(since, head).await;
    let (from, recovered) = match &start {
        Start::At(position) => (*position, false),
        Start::Replay(from, _) => (*from, true),
        Start::Reset(reason) => {
            reader.tell_reset(reason);
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
    let now_ms = node.clock.now_ms();
    let text = frames::subscribed(id, channel, reader.epoch, cursor, recovered, now_ms);
    member.link.send_text(&text);
    let mut position = from;
    if let Start::Replay(_, step) = start {
        position = reader.catch_up(Some(step), position, head).await?;
    }
    while let Some(upto) = reader.go_live(position).await? {
        position = reader.catch_up(None, position, upto).await?;
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

/// One subscription on its way to live.
struct Reader<'a> {
    node: &'a Node,
    member: &'a Member,
    channel: &'a Channel,
    epoch: u32,
    reading: Reading,
}

impl Reader<'_> {
    /// Checks the cursor by reading the first page after it.
    async fn first_step(
        &self,
        since: Option<Result<Cursor, CursorError>>,
        head: Position,
    ) -> Start {
        let since = match since {
            None => return Start::At(head),
            Some(Err(CursorError)) => return Start::Reset("cursor_unknown"),
            Some(Ok(since)) => since,
        };
        if since.epoch != self.epoch {
            return Start::Reset("epoch_changed");
        }
        // A client that was on another node may be ahead of this one's head: never ask for less than its cursor.
        let upto = head.max(since.position);
        match replay::step(&*self.node.log, self.channel, since.position, upto).await {
            Ok(step) => Start::Replay(since.position, step),
            Err(error) => Start::Reset(replay::reset_reason(&error)),
        }
    }

    /// Sends everything in (`position`, `upto`], a page at a time, never faster than the client reads.
    async fn catch_up(
        &self,
        mut first: Option<replay::Step>,
        mut position: Position,
        upto: Position,
    ) -> Result<Position, Refusal> {
        loop {
            let step = match first.take() {
                Some(step) => step,
                None => replay::step(&*self.node.log, self.channel, position, upto)
                    .await
                    .map_err(|error| self.lost(&error))?,
            };
            position = step.position;
            let more = step.more;
            self.send(step.records).await;
            self.member.replayed(self.channel, position.n);
            if !more {
                return Ok(position);
            }
        }
    }

    async fn send(&self, records: Vec<Record>) {
        let deliveries: Vec<Delivery> = records
            .into_iter()
            .filter_map(|record| Delivery::of_record(&record, self.epoch))
            .collect();
        self.node.figures.replayed.inc_by(deliveries.len() as u64);
        let link = &self.member.link;
        for chunk in delivery::join(&deliveries) {
            self.drained().await;
            let mark = Some((self.channel, chunk.first_n));
            let sent = link.send(&chunk.bytes, chunk.frames, chunk.class, mark);
            self.node.figures.sent(sent, chunk.frames);
            if matches!(sent, Sent::Closed | Sent::TooSlow) {
                // The connection is ending, and this call with it.
                std::future::pending::<()>().await;
            }
        }
        self.drained().await;
    }

    /// Waits until the client has taken what is queued, unless it takes too long.
    async fn drained(&self) {
        let link = &self.member.link;
        if tokio::time::timeout(STALL, link.drained()).await.is_err() {
            self.node.close(link, CloseCode::TooSlow);
        }
    }

    /// History was trimmed under a replay that had begun.
    fn lost(&self, error: &LogError) -> Refusal {
        self.tell_reset(replay::reset_reason(error));
        self.member.left(self.channel, self.node.clock.now_ms());
        Refusal::new(
            ErrorCode::NotFound,
            "history was trimmed meanwhile; subscribe again",
        )
    }

    fn tell_reset(&self, reason: &'static str) {
        self.node.figures.resets.inc();
        let text = frames::reset(self.channel, reason, self.node.clock.now_ms());
        self.member.link.send_text(&text);
    }

    /// Asks the shard to deliver directly. Answers how far to replay first, when too much came meanwhile.
    async fn go_live(&self, position: Position) -> Result<Option<Position>, Refusal> {
        let (shard, _key) = self.member.seat();
        let (reply, answer) = oneshot::channel();
        let input = Input::GoLive(self.reading, position.n, reply);
        self.node.shards[shard].tell(input).await;
        answer.await.map_err(|_ended| ErrorCode::Unavailable.into())
    }
}
