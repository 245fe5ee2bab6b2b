//! Where a channel ends, as the last message on its subject says.

use super::{
    alive::Alive,
    place::Place,
    stamp::{Kind, Stamp},
};
use crate::{log::Head, nats::stored::Stored};
use fanfare_proto::Position;

/// Everything an appender has to know of a channel. The default is a channel that never had a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The last ordinal that was given out.
    pub(super) n: u64,
    /// Where its record stands, or stood.
    pub(super) last: Place,
    /// The last message on the subject: a record, or a mark.
    pub(super) tip: Place,
    /// Below this ordinal everything was trimmed; 0: nothing was.
    pub(super) first_n: u64,
    /// Ordinals up to this one may have been given out, says a mark that outlives all records.
    pub(super) reserved_n: u64,
    /// That mark.
    pub(super) reserve: Place,
    /// When the channel's first record was appended.
    pub(super) born_at_ms: i64,
    /// What may be the last record that is still there.
    pub(super) alive: Alive,
}

impl Default for End {
    fn default() -> Self {
        Self {
            n: 0,
            last: Place::NOWHERE,
            tip: Place::NOWHERE,
            first_n: 0,
            reserved_n: 0,
            reserve: Place::NOWHERE,
            born_at_ms: 0,
            alive: Alive::default(),
        }
    }
}

impl End {
    /// What `tip`, the last message on a channel's subject, says. Records from before `kept_from_ms` may be gone.
    ///
    /// A mark that reserves ordinals is followed by records that use them. Where it is the last and old, those are gone, and
    /// nobody knows how many there were: all of them count as given out.
    pub(super) fn read(tip: &Stored, kept_from_ms: i64) -> Option<Self> {
        let mut end = Stamp::read(tip)?.end;
        let is_survivor = end.reserve == end.tip && tip.stored_at_ms < kept_from_ms;
        if is_survivor && end.reserved_n > end.n {
            end.n = end.reserved_n;
            end.first_n = end.n + 1;
            end.last = end.tip;
            end.alive = Alive::default();
        }
        Some(end)
    }

    pub(super) const fn last_position(&self) -> Position {
        Position {
            seq: self.last.seq(),
            n: self.n,
        }
    }

    /// As readers are told, where a channel keeps `kept_records` ordinals.
    pub(super) fn head(&self, kept_records: u64) -> Head {
        let limited = (self.n + 1).saturating_sub(kept_records.max(1));
        Head {
            last: self.last_position(),
            first_n: self.first_n.max(limited),
        }
    }

    /// A record was appended at `place`.
    pub(super) fn append(&mut self, place: Place, expires_at_ms: i64, now_ms: i64) {
        if self.n == 0 {
            self.born_at_ms = now_ms;
        }
        self.n += 1;
        (self.last, self.tip) = (place, place);
        self.alive.push(place, expires_at_ms);
    }

    /// Once the messages stand that begin at `base_seq`.
    pub(super) fn settle(&mut self, base_seq: u64) {
        for place in [&mut self.last, &mut self.tip, &mut self.reserve] {
            *place = place.settled(base_seq);
        }
        self.alive.settle(base_seq);
    }
}

/// What one message on a channel's subject is to a reader.
pub(super) fn kind(stored: &Stored) -> Option<(u64, Kind)> {
    let stamp = Stamp::read(stored)?;
    Some((stamp.end.n, stamp.kind))
}
