//! What each message on a channel's subject says beside its payload: one header, `key=value` with spaces between.
//!
//! | key | meaning |
//! |---|---|
//! | `n` | the last ordinal so far; a record's own |
//! | `f` | the first ordinal that no trim has removed; 0: no trim |
//! | `r` `s` | ordinals up to `r` are reserved, by the mark at `s` |
//! | `b` | when the channel began, in ms |
//! | `i` | what the append was called by its process, to know it again |
//! | `p` | a record's: where the one before it stands |
//! | `t` | a record's: its time to live in ms |
//! | `l` `a` | a mark's: where the last record stood, and which may be the last that is there |
//!
//! A place is a sequence, or `-3`: three before this message. A mark is no record; it stands where the last record is, or
//! will be, gone: after one with a time to live, a deleted one, a trim. Keys that are not known are for later versions.

use super::{
    alive::{Alive, NEVER_MS},
    end::End,
    place::Place,
};
use crate::nats::stored::{Stored, text};

/// The header.
pub(super) const STAMP: &str = "Fanfare-Entry";

/// One message on a channel's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The channel's end with it.
    pub(super) end: End,
    pub(super) kind: Kind,
    /// What the append was called.
    pub(super) tag: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Record { prev_seq: u64, ttl_ms: Option<u64> },
    Mark,
}

impl Stamp {
    /// `None` when it is not one of ours, or damaged.
    pub(super) fn read(stored: &Stored) -> Option<Self> {
        let seq = stored.seq;
        let mut end = End {
            tip: Place::At(seq),
            last: Place::At(seq),
            ..End::default()
        };
        let (mut prev_seq, mut ttl_ms, mut tag, mut is_mark) = (0, None, "", false);
        for pair in text(&stored.headers, STAMP)?.split(' ') {
            let (key, value) = pair.split_once('=')?;
            match key {
                "n" => end.n = value.parse().ok()?,
                "f" => end.first_n = value.parse().ok()?,
                "r" => end.reserved_n = value.parse().ok()?,
                "s" => end.reserve = Place::read(value, seq)?,
                "b" => end.born_at_ms = value.parse().ok()?,
                "i" => tag = value,
                "p" => prev_seq = Place::read(value, seq)?.seq(),
                "t" => ttl_ms = Some(value.parse().ok()?),
                "l" => (end.last, is_mark) = (Place::read(value, seq)?, true),
                "a" => end.alive = Alive::read(value, seq)?,
                _later => {}
            }
        }
        let kind = if is_mark {
            Kind::Mark
        } else {
            let expires_at_ms = expires_at(stored.stored_at_ms, ttl_ms).unwrap_or(NEVER_MS);
            end.alive.push(Place::At(seq), expires_at_ms);
            Kind::Record { prev_seq, ttl_ms }
        };
        let tag = tag.to_owned();
        (end.n > 0 || is_mark).then_some(Self { end, kind, tag })
    }
}

/// When a record vanishes, if it does.
pub(super) fn expires_at(stored_at_ms: i64, ttl_ms: Option<u64>) -> Option<i64> {
    ttl_ms.map(|ttl_ms| stored_at_ms.saturating_add_unsigned(ttl_ms))
}

/// The stamp of a record with index `own`, after which the channel ends at `end`.
pub(super) fn of_record(
    end: &End,
    own: usize,
    prev: Place,
    ttl_ms: Option<u64>,
    tag: &str,
) -> String {
    let ttl = ttl_ms.map_or_else(String::new, |ttl_ms| format!(" t={ttl_ms}"));
    let prev = prev.written(own);
    format!("{} p={prev}{ttl}", common(end, own, tag))
}

/// The stamp of a mark with index `own`, after which the channel ends at `end`.
pub(super) fn of_mark(end: &End, own: usize, tag: &str) -> String {
    let (last, alive) = (end.last.written(own), end.alive.written(own));
    format!("{} l={last} a={alive}", common(end, own, tag))
}

fn common(end: &End, own: usize, tag: &str) -> String {
    let End {
        n,
        first_n,
        reserved_n,
        reserve,
        born_at_ms,
        ..
    } = end;
    let reserve = reserve.written(own);
    format!("n={n} f={first_n} r={reserved_n} s={reserve} b={born_at_ms} i={tag}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::HeaderMap;
    use bytes::Bytes;

    fn stored(seq: u64, stamp: &str) -> Stored {
        let mut headers = HeaderMap::new();
        headers.insert(STAMP, stamp);
        Stored {
            subject: String::new(),
            seq,
            stored_at_ms: 1_000,
            headers,
            payload: Bytes::new(),
        }
    }

    fn end() -> End {
        End {
            n: 7,
            last: Place::Post(2),
            tip: Place::Post(2),
            first_n: 3,
            reserved_n: 64,
            reserve: Place::At(9),
            born_at_ms: 55,
            alive: Alive::default(),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_stamped() {
        let (base_seq, own) = (100, 2);
        let stamp = of_record(&end(), own, Place::Post(0), Some(500), "tag");
        let read = Stamp::read(&stored(base_seq + 2, &stamp)).unwrap();
        let mut expected = end();
        expected.settle(base_seq);
        expected.alive.push(Place::At(102), 1_500);
        assert_eq!(read.end, expected);
        let kind = Kind::Record {
            prev_seq: 100,
            ttl_ms: Some(500),
        };
        assert_eq!((read.kind, &*read.tag), (kind, "tag"));
    }

    #[test]
    fn a_mark_is_read_as_it_was_stamped() {
        let mut end = end();
        end.alive.push(Place::At(12), NEVER_MS);
        end.alive.push(Place::Post(2), 77);
        end.tip = Place::Post(3);
        let stamp = of_mark(&end, 3, "tag");
        let read = Stamp::read(&stored(103, &stamp)).unwrap();
        end.settle(100);
        assert_eq!((read.end, read.kind), (end, Kind::Mark));
    }

    #[test]
    fn what_is_not_a_stamp_is_none() {
        for text in ["", "x", "n=x", "f=1", "n=1 p=-300"] {
            assert_eq!(Stamp::read(&stored(5, text)), None, "{text}");
        }
        assert!(Stamp::read(&stored(5, "n=1 z=later")).is_some());
    }
}
