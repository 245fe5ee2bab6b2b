//! What one session was sent of one channel.

use super::{ChannelLog, Finding, Flaw, Verdict};
use crate::history::{Channel, Id, Session, What};
use std::{
    collections::{BTreeMap, HashSet},
    mem,
    ops::Bound,
};

/// A session's reading of one channel, across its connections. A `reset` begins another span.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) channel: Channel,
    /// Those that a `reset` has ended.
    past: Vec<Span>,
    last: Span,
}

/// A part of a reading in which nothing may be left out.
#[derive(Debug, Default)]
struct Span {
    /// The ordinal it begins after; `None` until the first `subscribed`.
    from: Option<u64>,
    entries: Vec<Entry>,
}

/// A publication, as a client was sent it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) n: u64,
    pub(crate) id: Id,
    pub(crate) at_ms: u64,
}

/// The readings of `session`, in the order of their channels.
pub(crate) fn of_session(session: &Session) -> Vec<Reading> {
    let mut readings: BTreeMap<Channel, Reading> = BTreeMap::new();
    for event in &session.events {
        let reading = readings
            .entry(Channel::clone(&event.channel))
            .or_insert_with(|| Reading {
                channel: Channel::clone(&event.channel),
                past: Vec::new(),
                last: Span::default(),
            });
        match &event.what {
            // A later one without a reset promises that nothing was left out, whatever place it names.
            What::Subscribed { from } => _ = reading.last.from.get_or_insert(*from),
            What::Reset => reading.past.push(mem::take(&mut reading.last)),
            What::Entry { n, id } => reading.last.entries.push(Entry {
                n: *n,
                id: Id::clone(id),
                at_ms: event.at_ms,
            }),
        }
    }
    readings.into_values().collect()
}

impl Span {
    /// The ordinal it begins after. Where no `subscribed` came, everything from the first entry on counts.
    fn begin(&self) -> Option<u64> {
        let first = self.entries.first().map(|entry| entry.n.saturating_sub(1));
        self.from.or(first)
    }

    fn last_seen(&self) -> Option<u64> {
        self.entries.iter().map(|entry| entry.n).max()
    }
}

impl Reading {
    fn spans(&self) -> impl Iterator<Item = &Span> {
        self.past.iter().chain([&self.last])
    }

    /// Everything that came.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.spans().flat_map(|span| &span.entries)
    }

    /// Whether `id` at ordinal `n` came, or stood before the place where the reading goes on.
    pub(super) fn has_heard(&self, id: &Id, n: u64) -> bool {
        self.last.from.is_some_and(|from| n <= from) || self.entries().any(|own| own.id == *id)
    }

    /// Checks order, doubles, and that nothing is left out. A reading that is held to the end must reach the end of the
    /// log; another one only has to be whole up to the last entry it was sent.
    pub(super) fn check(
        &self,
        session: &Session,
        log: Option<&ChannelLog>,
        is_held: bool,
        verdict: &mut Verdict,
    ) {
        verdict.reset += self.past.len() as u64;
        verdict.delivered += self.entries().count() as u64;
        self.check_order(session, verdict);
        let Some(log) = log else { return };
        for span in &self.past {
            self.check_whole(span, log, span.last_seen(), session, verdict);
        }
        let end = match is_held {
            true => log.keys().next_back().copied(),
            false => self.last.last_seen(),
        };
        self.check_whole(&self.last, log, end, session, verdict);
    }

    /// Everything in (begin of `span`, `end`] came.
    fn check_whole(
        &self,
        span: &Span,
        log: &ChannelLog,
        end: Option<u64>,
        session: &Session,
        verdict: &mut Verdict,
    ) {
        let (Some(begin), Some(end)) = (span.begin(), end) else {
            return;
        };
        let seen: HashSet<u64> = span.entries.iter().map(|entry| entry.n).collect();
        let owed = log.range((Bound::Excluded(begin), Bound::Unbounded));
        for (n, stored) in owed.take_while(|(n, _stored)| **n <= end) {
            if !seen.contains(n) && !stored.is_optional {
                verdict.find(self.finding(Flaw::Missing, session, *n, &stored.id, stored.at_ms));
            }
        }
    }

    fn check_order(&self, session: &Session, verdict: &mut Verdict) {
        let mut ids: HashSet<&str> = HashSet::new();
        for span in self.spans() {
            let mut have = span.from.unwrap_or(0);
            let mut seen: HashSet<u64> = HashSet::new();
            for entry in &span.entries {
                let is_known = !ids.insert(&entry.id) | !seen.insert(entry.n);
                let flaw = if is_known || span.from.is_some_and(|from| entry.n <= from) {
                    Some(Flaw::Duplicate)
                } else if entry.n < have {
                    Some(Flaw::Reordered)
                } else {
                    None
                };
                if let Some(flaw) = flaw {
                    verdict.find(self.finding(flaw, session, entry.n, &entry.id, entry.at_ms));
                }
                have = have.max(entry.n);
            }
        }
    }

    fn finding(&self, flaw: Flaw, session: &Session, n: u64, id: &Id, at_ms: u64) -> Finding {
        Finding {
            flaw,
            session: session.name.clone(),
            channel: Channel::clone(&self.channel),
            n,
            id: Id::clone(id),
            at_ms,
        }
    }
}
