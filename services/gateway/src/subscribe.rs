//! Subscribing: attach, replay what was missed, go live. No entry falls between the three.

use crate::{
    client::Client,
    delivery, frames,
    hub::Attached,
    metrics::{Gap, Resume, Source},
    outbox::Parcel,
    presence::Watch,
    replay::{self, Missed},
    seat::{Reading, Seat},
    session::Refusal,
};
use fanfare_bus::LogError;
use fanfare_proto::{Channel, CloseCode, Cursor, ErrorCode, Position, cursor::CursorError};
use fanfare_telemetry::metrics::Label as _;
use std::{sync::Arc, time::Duration};

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
    watch: Watch,
) -> Result<(), Refusal> {
    let node = &*client.node;
    let epoch = node.log.epoch(channel);
    let since = since.filter(|_| channel.is_stored());
    let since = since.map(|text| parse(text, epoch));
    // One replay at a time: together they would queue more than a client that reads well can take.
    let _turn = match since {
        Some(_) => Some(client.replay_turn.lock().await),
        None => None,
    };
    let Seat { shard, key } = client.seat;
    let position = since.and_then(Result::ok);
    let Attached {
        attachment,
        head,
        missed,
    } = node
        .hub
        .attach(channel.clone(), position, (shard, key), client.call)
        .await
        .ok_or(Refusal::from(ErrorCode::Unavailable))?;
    let reader = Reader {
        client,
        channel,
        reading: attachment.reading,
    };
    let start = match (since, missed) {
        (None, _) => Start::At(head),
        (Some(Err(gap)), _) => Start::Reset(gap),
        (Some(Ok(since)), Some(missed)) => {
            let count = missed.deliveries.len() as u64;
            node.figures.replayed.of(Source::Ring).inc_by(count);
            Start::Replay(since, missed)
        }
        (Some(Ok(since)), None) => reader.first_page(since, head).await,
    };
    let (from, recovered) = match &start {
        Start::At(position) => (*position, false),
        Start::Replay(from, _) => {
            node.figures.resumes.of(Resume::Recovered).inc();
            (*from, true)
        }
        Start::Reset(gap) => {
            node.figures.resumes.of(Resume::Reset).inc();
            reader.tell_reset(*gap).await;
            (head, false)
        }
    };
    let cursor = channel.is_stored().then_some(from);
    let now_ms = node.clock.now_ms();
    let text = frames::subscribed(id, channel, epoch, cursor, recovered, now_ms);
    client.begin(reader.reading, from.n, text, watch).await;
    let missed = match start {
        Start::Replay(_, missed) => Some(missed),
        Start::At(_) | Start::Reset(_) => None,
    };
    match reader.go_on(from, missed, head).await {
        Ok(()) => {
            attachment.keep();
            Ok(())
        }
        Err(Halt::Ended) => Ok(()),
        Err(Halt::Refused(refusal)) => Err(refusal),
    }
}

/// Why a reading that has begun does not go live.
enum Halt {
    /// The client has left the channel, or subscribed again, or is going. It has had its answer.
    Ended,
    Refused(Refusal),
}

/// The position that a cursor of this life of the log names, or why there is none.
fn parse(since: &str, epoch: u32) -> Result<Position, Gap> {
    match Cursor::parse(since) {
        Ok(since) if since.epoch == epoch => Ok(since.position),
        Ok(_other) => Err(Gap::EpochChanged),
        Err(CursorError) => Err(Gap::CursorUnknown),
    }
}

enum Start {
    At(Position),
    Replay(Position, Missed),
    Reset(Gap),
}

/// One subscription on its way to live.
struct Reader<'a> {
    client: &'a Client,
    channel: &'a Channel,
    reading: Reading,
}

impl Reader<'_> {
    /// Checks the position by reading the first page after it.
    async fn first_page(&self, since: Position, head: Position) -> Start {
        // A client that was on another node may be ahead of this one's head: never ask for less than it has.
        match self.page(since, head.max(since)).await {
            Ok(missed) => Start::Replay(since, missed),
            Err(error) => Start::Reset(replay::gap(&error)),
        }
    }

    /// Sends what was `missed`, and more up to `head`, and goes live.
    async fn go_on(
        &self,
        from: Position,
        missed: Option<Missed>,
        head: Position,
    ) -> Result<(), Halt> {
        let mut position = from;
        if let Some(missed) = missed {
            position = self.take(missed).await?;
            position = self.catch_up(position, head).await?;
        }
        while let Some(upto) = self.go_live(position).await? {
            position = self.catch_up(position, upto).await?;
        }
        Ok(())
    }

    async fn page(&self, after: Position, upto: Position) -> Result<Missed, LogError> {
        let node = &*self.client.node;
        let read = node
            .replays
            .missed(&*node.log, &node.figures, self.channel, after, upto);
        let missed = read.await?;
        let count = missed.deliveries.len() as u64;
        node.figures.replayed.of(Source::Log).inc_by(count);
        Ok(missed)
    }

    /// Sends everything in (`position`, `upto`], a page at a time, never faster than the client reads.
    async fn catch_up(&self, mut position: Position, upto: Position) -> Result<Position, Halt> {
        while position < upto {
            match self.page(position, upto).await {
                Ok(missed) => position = self.take(missed).await?,
                Err(error) => return Err(Halt::Refused(self.lost(&error).await)),
            }
        }
        Ok(position)
    }

    /// Sends what was missed; answers where the client stands then.
    async fn take(&self, missed: Missed) -> Result<Position, Halt> {
        let figures = &self.client.node.figures;
        for some in missed.deliveries.chunks(replay::PAGE) {
            let some = some.iter().map(Arc::as_ref);
            // Plain: compressing would cost each of those who return together what it costs once for all who are there.
            for parcel in delivery::join(self.channel, some, None, figures) {
                self.write(parcel).await?;
            }
        }
        self.client.replayed(self.reading, missed.position.n).await;
        Ok(missed.position)
    }

    /// Writes one parcel, and waits until the client has taken what is queued, unless it takes too long.
    async fn write(&self, parcel: Parcel) -> Result<(), Halt> {
        let written = self.client.replay(self.reading, parcel);
        match tokio::time::timeout(STALL, written).await {
            Ok(written) => written.ok_or(Halt::Ended),
            Err(_elapsed) => {
                self.client.close(CloseCode::TooSlow).await;
                Err(Halt::Ended)
            }
        }
    }

    /// History was trimmed under a replay that had begun.
    async fn lost(&self, error: &LogError) -> Refusal {
        self.tell_reset(replay::gap(error)).await;
        Refusal::new(
            ErrorCode::NotFound,
            "history was trimmed meanwhile; subscribe again",
        )
    }

    async fn tell_reset(&self, gap: Gap) {
        let node = &self.client.node;
        node.figures.resets.of(gap).inc();
        let text = frames::reset(self.channel, gap.as_str(), node.clock.now_ms());
        self.client.send_text(text).await;
    }

    /// Asks the shard to deliver directly. Answers how far to replay first, when too much came meanwhile.
    async fn go_live(&self, position: Position) -> Result<Option<Position>, Halt> {
        let live = self.client.go_live(self.reading, position.n).await;
        live.ok_or(Halt::Ended)
    }
}
