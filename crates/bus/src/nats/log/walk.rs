//! Going through a channel's records, forward, from a sequence on.

use super::{
    core::Core,
    end,
    stamp::{Kind, expires_at},
    subject,
};
use crate::{
    log::Record,
    nats::{
        fetch::{self, FETCH_MESSAGES},
        header,
        refusal::Refusal,
        stored::Stored,
    },
};
use fanfare_proto::{Channel, Position};
use std::{collections::VecDeque, ops::RangeInclusive};

/// Where a page ends early, so that 1,000 of the largest records are not in memory at once.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Messages asked for beside those that are wanted: marks, and records on the way to the first.
const BESIDE: usize = 16;

/// A message that was met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) seq: u64,
    pub(super) n: u64,
    /// Of a record: where the one before it stood.
    pub(super) prev_seq: Option<u64>,
}

/// Which records are kept when there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first ones: the walk ends when there is no room.
    First,
    /// The last ones: the walk goes on.
    Last,
}

/// What to look for.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) from_seq: u64,
    /// Ordinals.
    pub(super) range: RangeInclusive<u64>,
    /// At most so many records.
    pub(super) most: usize,
    pub(super) keep: Keep,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Records that are there, in order.
    pub(super) records: VecDeque<Record>,
    bytes: usize,
    /// Some had no room.
    pub(super) is_cut: bool,
    /// Everything up to the end of the range was seen. If not, and nothing was cut, the replica is behind.
    pub(super) is_whole: bool,
    /// The first message at or after the start.
    pub(super) first: Option<Met>,
    /// The first record with an ordinal in the range, or above it, whether it has expired or not.
    pub(super) next: Option<Met>,
}

/// Walks through `channel`.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn walk(core: &Core, channel: &Channel, way: Way) -> Result<Found, Refusal> {
    let shard = subject::shard(channel, core.settings.shards);
    let (stream, subject) = (subject::stream(shard), subject::log(shard, channel));
    let mut found = Found::default();
    let mut from_seq = way.from_seq;
    let now_ms = core.clock.now_ms();
    loop {
        let width = way.range.end().saturating_sub(*way.range.start());
        let width = usize::try_from(width).unwrap_or(FETCH_MESSAGES);
        let wanted = match way.keep {
            Keep::First => width.min(way.most - found.records.len()),
            Keep::Last => width,
        };
        let count = wanted.saturating_add(BESIDE).min(FETCH_MESSAGES);
        let page = fetch::following(&core.ctl, &stream, &subject, from_seq, count).await?;
        let Some(last) = page.messages.last() else {
            return Ok(found);
        };
        from_seq = last.seq + 1;
        for message in page.messages {
            if found.is_over(channel, &way, message, now_ms) {
                return Ok(found);
            }
        }
        if !page.more {
            return Ok(found);
        }
    }
}

/// A record as readers get it; `None` when it is none of ours.
pub(super) fn record(channel: Channel, stored: Stored) -> Option<Record> {
    let (n, Kind::Record { prev_seq, ttl_ms }) = end::kind(&stored)? else {
        return None;
    };
    Some(Record {
        channel,
        position: Position { seq: stored.seq, n },
        prev_seq,
        stored_at_ms: stored.stored_at_ms,
        expires_at_ms: expires_at(stored.stored_at_ms, ttl_ms),
        trace: header::trace(&stored.headers),
        payload: stored.payload,
    })
}

impl Found {
    /// Takes the next message; whether it was the last that matters.
    fn is_over(&mut self, channel: &Channel, way: &Way, message: Stored, now_ms: i64) -> bool {
        let Some((n, kind)) = end::kind(&message) else {
            let (subject, seq) = (&message.subject, message.seq);
            tracing::error!(subject, seq, "a message of the log cannot be read");
            return false;
        };
        let met = Met {
            seq: message.seq,
            n,
            prev_seq: match kind {
                Kind::Record { prev_seq, .. } => Some(prev_seq),
                Kind::Mark => None,
            },
        };
        self.first.get_or_insert(met);
        self.is_whole = n >= *way.range.end();
        if met.prev_seq.is_some() && n >= *way.range.start() {
            self.next.get_or_insert(met);
            if n <= *way.range.end()
                && let Some(record) = record(channel.clone(), message)
                && record.expires_at_ms.is_none_or(|at_ms| at_ms > now_ms)
            {
                self.take(record, way);
            }
        }
        self.is_whole || (self.is_cut && way.keep == Keep::First)
    }

    fn take(&mut self, record: Record, way: &Way) {
        let bytes = record.payload.len();
        let is_full = |found: &Self| {
            found.records.len() >= way.most
                || (found.bytes + bytes > PAGE_BYTES && !found.records.is_empty())
        };
        if way.keep == Keep::First && is_full(self) {
            self.is_cut = true;
            return;
        }
        while is_full(self)
            && let Some(oldest) = self.records.pop_front()
        {
            self.bytes -= oldest.payload.len();
            self.is_cut = true;
        }
        self.bytes += bytes;
        self.records.push_back(record);
    }
}
