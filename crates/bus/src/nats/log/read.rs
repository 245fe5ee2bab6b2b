//! Reading on from a position.

use super::{
    core::Patience,
    end::End,
    engine::NatsLog,
    subject,
    walk::{self, Found, Keep, Met, Way},
};
use crate::{
    error::LogError,
    log::Page,
    nats::{fetch, refusal::Refusal, stored::Stored},
};
use fanfare_proto::{Channel, Position};
use std::time::Duration;
use tokio::time::Instant;

/// How long a replica that is behind may take to come up.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Reads as [`Log::read`](crate::Log::read) says.
pub(super) async fn read(
    log: &NatsLog,
    channel: &Channel,
    after: Position,
    upto: Position,
    limit: usize,
) -> Result<Page, LogError> {
    if (after.n == 0) != (after.seq == 0) {
        return Err(LogError::Mismatch);
    }
    let mut patience = Patience::until(Instant::now() + CATCH_UP);
    loop {
        let way = Way {
            // With the record the reader has, so that it can be compared.
            from_seq: after.seq,
            range: after.n + 1..=upto.n,
            most: limit,
            keep: Keep::First,
        };
        let found = walk::walk(&log.core, channel, way).await?;
        let sight = Sight::of(&found, after);
        if sight == Sight::Other {
            return Err(LogError::Mismatch);
        }
        let is_empty = upto.n <= after.n;
        let is_next = found.next.is_some_and(|next| next.n == after.n + 1);
        let is_reached = is_empty || found.is_whole || found.is_cut;
        if !(sight == Sight::Same && is_reached && (is_empty || is_next)) {
            let end = log.end(channel).await?;
            check(log, channel, after, &found, &end).await?;
            if upto.n > end.n {
                return Err(LogError::Stale);
            }
        }
        if is_reached {
            return Ok(Page {
                records: found.records.into(),
                more: found.is_cut,
            });
        }
        if !patience.pause().await {
            return Err(LogError::Stale);
        }
    }
}

/// What stands where the reader's record should stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// That record; or the reader has none.
    Same,
    /// Nothing, or a mark.
    Nothing,
    /// Another record of the channel.
    Other,
}

impl Sight {
    fn of(found: &Found, after: Position) -> Self {
        match found.first {
            _any if after.n == 0 => Self::Same,
            Some(Met {
                seq,
                n,
                prev_seq: Some(_),
            }) if seq == after.seq => {
                if n == after.n {
                    Self::Same
                } else {
                    Self::Other
                }
            }
            _nothing_or_a_mark => Self::Nothing,
        }
    }
}

/// Whether a reader at `after` may read on, where that cannot be seen from what was found.
async fn check(
    log: &NatsLog,
    channel: &Channel,
    after: Position,
    found: &Found,
    end: &End,
) -> Result<(), LogError> {
    let head = end.head(log.core.settings.retention_records);
    if after.n > head.last.n || (after.n == head.last.n && after.seq != head.last.seq) {
        return Err(LogError::Mismatch);
    }
    if after.n + 1 < head.first_n {
        let first_n = head.first_n;
        return Err(LogError::Trimmed { first_n });
    }
    if after.n == head.last.n {
        return Ok(());
    }
    let is_same = Sight::of(found, after) == Sight::Same && after.n > 0;
    if after.n > 0 && !is_same {
        belongs(log, channel, after, found, end).await?;
    }
    // The record after it may have been removed by its age, unless one that is older is still there.
    let first_n = found.next.map_or(head.last.n + 1, |next| next.n);
    let is_hole = first_n > after.n + 1;
    if is_hole && !is_same && is_aged(log, channel, after, end).await? {
        return Err(LogError::Trimmed { first_n });
    }
    Ok(())
}

/// Whether `after`, whose record is gone, is a position this channel has given out: its neighbours tell.
async fn belongs(
    log: &NatsLog,
    channel: &Channel,
    after: Position,
    found: &Found,
    end: &End,
) -> Result<(), LogError> {
    let shard = subject::shard(channel, log.core.settings.shards);
    let stream = subject::stream(shard);
    let there = fetch::at(&log.core.ctl, &stream, after.seq).await?;
    let is_record = |stored: &Stored| {
        stored.subject == subject::log(shard, channel)
            && walk::record(channel.clone(), stored.clone())
                .is_some_and(|record| record.position == after)
    };
    if there.is_some_and(|stored| !is_record(&stored)) || after.seq > end.last.seq() {
        return Err(LogError::Mismatch);
    }
    match found.next {
        Some(next) if next.prev_seq.is_some_and(|prev_seq| prev_seq > after.seq) => {
            Err(LogError::Mismatch)
        }
        _fits => Ok(()),
    }
}

/// Whether records right after `after` may have been removed because they were old.
async fn is_aged(
    log: &NatsLog,
    channel: &Channel,
    after: Position,
    end: &End,
) -> Result<bool, LogError> {
    let kept_from_ms = log.core.kept_from_ms();
    if end.born_at_ms >= kept_from_ms {
        return Ok(false);
    }
    let shard = subject::shard(channel, log.core.settings.shards);
    let kept_from = jiff::Timestamp::from_millisecond(kept_from_ms).unwrap_or_default();
    let filter = format!("log.{shard}.>");
    let first = fetch::since(&log.core.ctl, &subject::stream(shard), &filter, kept_from).await?;
    // What came before the first record of all that is young enough may be gone.
    Ok(first.is_none_or(|first| after.seq < first.seq))
}

/// The end of a channel that is behind in nothing.
impl NatsLog {
    pub(super) async fn end(&self, channel: &Channel) -> Result<End, Refusal> {
        let ends = self.ends(std::slice::from_ref(channel)).await?;
        ends.into_iter().next().ok_or(Refusal::Refused)
    }
}
