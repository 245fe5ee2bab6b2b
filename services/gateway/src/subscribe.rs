//! Subscribing: attach, replay what was missed, go live. No entry falls between the three.

use crate::{
    client::Client,
    delivery::{self, Delivery},
    frames,
    hub::Attached,
    outbox::Parcel,
    replay,
    seat::{Reading, Seat},
    session::Refusal,
};
use fanfare_bus::{LogError, log::Record};
use fanfare_proto::{Channel, CloseCode, Cursor, ErrorCode, Position, cursor::CursorError};
use std::time::Duration;

/// Longest that a client may take for one parcel of a replay.
const STALL: Duration = Duration::from_secs(60);

/// Subscribes `client` to `channel`: `subscribed`, the missed entries, and from then on live. A gap that cannot be
/// filled is told by a `reset` before `subscribed`, whose cursor is where the channel stands now. Cancel safe: a dropped
/// call leaves no reading behind.
pub(crate) async fn run(
    client: &Client,
    id: Option<&str>,
    channel: &Channel,
    since: Option<&str>,
    presence: bool,
) -> Result<(), Refusal> {
    let node = &*client.node;
    let since = since.filter(|_| channel.is_stored()).map(Cursor::parse);
    // One replay at a time: together they would queue more than a client that reads well can take.
    let _turn = match since {
        Some(_) => Some(client.replay_turn.lock().await),
        None => None,
    };
    let Seat { shard, key } = client.seat;
    let Attached { attachment, head } = node
        .hub
        .attach(channel.clone(), shard, key)
        .await
        .ok_or(Refusal::from(ErrorCode::Unavailable))?;
    let reader = Reader {
        client,
        channel,
        epoch: node.log.epoch(channel),
        reading: attachment.reading,
    };
    let start = reader.first_step(since, head).await;
    let (from, recovered) = match &start {
        Start::At(position) => (*position, false),
        Start::Replay(from, _) => (*from, true),
        Start::Reset(reason) => {
            reader.tell_reset(reason).await;
            (head, false)
        }
    };
    let cursor = channel.is_stored().then_some(from);
    let now_ms = node.clock.now_ms();
    let text = frames::subscribed(id, channel, reader.epoch, cursor, recovered, now_ms);
    client.begin(reader.reading, from.n, text, presence).await;
    let mut position = from;
    if let Start::Replay(_, step) = start {
        position = reader.catch_up(Some(step), position, head).await?;
    }
    while let Some(upto) = reader.go_live(position).await? {
        position = reader.catch_up(None, position, upto).await?;
    }
    attachment.keep();
    Ok(())
}

enum Start {
    At(Position),
    Replay(Position, replay::Step),
    Reset(&'static str),
}

/// One subscription on its way to live.
struct Reader<'a> {
    client: &'a Client,
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
        match replay::step(&*self.client.node.log, self.channel, since.position, upto).await {
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
                None => {
                    match replay::step(&*self.client.node.log, self.channel, position, upto).await {
                        Ok(step) => step,
                        Err(error) => return Err(self.lost(&error).await),
                    }
                }
            };
            position = step.position;
            let more = step.more;
            self.send(step.records).await?;
            self.client.replayed(self.reading, position.n).await;
            if !more {
                return Ok(position);
            }
        }
    }

    async fn send(&self, records: Vec<Record>) -> Result<(), Refusal> {
        let deliveries: Vec<Delivery> = records
            .into_iter()
            .filter_map(|record| Delivery::of_record(&record, self.epoch))
            .collect();
        let figures = &self.client.node.figures;
        figures.replayed.inc_by(deliveries.len() as u64);
        // Plain: compressing would cost each of those who return together what it costs once for all who are there.
        for parcel in delivery::join(self.channel, &deliveries, None, figures) {
            self.write(parcel).await?;
        }
        Ok(())
    }

    /// Writes one parcel, and waits until the client has taken what is queued, unless it takes too long.
    async fn write(&self, parcel: Parcel) -> Result<(), Refusal> {
        let written = self.client.replay(self.reading, parcel);
        match tokio::time::timeout(STALL, written).await {
            Ok(Some(())) => Ok(()),
            // The connection is ending, or the client has left the channel.
            Ok(None) => Err(ErrorCode::Unavailable.into()),
            Err(_elapsed) => {
                self.client.close(CloseCode::TooSlow).await;
                Err(ErrorCode::Unavailable.into())
            }
        }
    }

    /// History was trimmed under a replay that had begun.
    async fn lost(&self, error: &LogError) -> Refusal {
        self.tell_reset(replay::reset_reason(error)).await;
        Refusal::new(
            ErrorCode::NotFound,
            "history was trimmed meanwhile; subscribe again",
        )
    }

    async fn tell_reset(&self, reason: &'static str) {
        let node = &self.client.node;
        node.figures.resets.inc();
        let text = frames::reset(self.channel, reason, node.clock.now_ms());
        self.client.send_text(text).await;
    }

    /// Asks the shard to deliver directly. Answers how far to replay first, when too much came meanwhile.
    async fn go_live(&self, position: Position) -> Result<Option<Position>, Refusal> {
        self.client
            .go_live(self.reading, position.n)
            .await
            .ok_or(ErrorCode::Unavailable.into())
    }
}
