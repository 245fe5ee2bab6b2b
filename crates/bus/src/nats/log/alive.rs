//! Which of a channel's records may be its last one that is still there.

use super::place::Place;

/// When a record without a time to live expires.
pub(super) const NEVER_MS: i64 = i64::MAX;

/// Most records that are told apart. Records of one time to live need one place; eight different ones in a row are
/// rare.
const MOST: usize = 8;

/// From the oldest to the newest, each with the time it expires at. A record that expires no later than a newer one can
/// never be the last again and is left out, so times fall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Alive(Vec<(Place, i64)>);

impl Alive {
    /// A record was appended.
    pub(super) fn push(&mut self, place: Place, expires_at_ms: i64) {
        self.0.retain(|(_older, expires)| *expires > expires_at_ms);
        self.0.push((place, expires_at_ms));
        if self.0.len() > MOST {
            // Takes the second oldest for one that lives as long as the oldest. A reader who is shown a predecessor that
            // is gone looks for it once in vain; one who is not shown one that is there would miss it.
            self.0[1].1 = self.0[0].1;
            self.0.remove(0);
        }
    }

    /// The last record that is there at `now_ms`.
    pub(super) fn last(&self, now_ms: i64) -> Place {
        let mut newest_first = self.0.iter().rev();
        newest_first
            .find(|(_place, expires)| *expires > now_ms)
            .map_or(Place::NOWHERE, |(place, _expires)| *place)
    }

    /// Whether the record at `seq` is the oldest of them: once it is removed, the one before it may be the last.
    pub(super) fn is_oldest(&self, seq: u64) -> bool {
        self.0.first().is_some_and(|(place, _)| place.seq() == seq)
    }

    /// The record at `seq` was removed; `before` is the last one before it.
    pub(super) fn forget(&mut self, seq: u64, before: Option<(u64, i64)>) {
        let Some(index) = self.0.iter().position(|(place, _)| place.seq() == seq) else {
            return;
        };
        self.0.remove(index);
        let (Some((before_seq, expires)), true) = (before, index == 0) else {
            return;
        };
        if self.0.first().is_none_or(|(_, newer)| *newer < expires) {
            self.0.insert(0, (Place::At(before_seq), expires));
        }
    }

    /// Everything below `seq` was removed.
    pub(super) fn cut(&mut self, seq: u64) {
        self.0.retain(|(place, _expires)| place.seq() >= seq);
    }

    pub(super) fn settle(&mut self, base_seq: u64) {
        for (place, _expires) in &mut self.0 {
            *place = place.settled(base_seq);
        }
    }

    /// As a message with index `own` writes it.
    pub(super) fn written(&self, own: usize) -> String {
        let texts = self
            .0
            .iter()
            .map(|(place, expires)| match place.written(own) {
                text if *expires == NEVER_MS => text,
                text => format!("{text}:{expires}"),
            });
        texts.collect::<Vec<_>>().join(",")
    }

    /// Reads what a message at `own_seq` has [`written`](Self::written).
    pub(super) fn read(text: &str, own_seq: u64) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let one = |text: &str| {
            let (place, expires) = match text.split_once(':') {
                Some((place, expires)) => (place, expires.parse().ok()?),
                None => (text, NEVER_MS),
            };
            Some((Place::read(place, own_seq)?, expires))
        };
        text.split(',').map(one).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(records: &[(u64, i64)]) -> Alive {
        let mut alive = Alive::default();
        for (seq, expires) in records {
            alive.push(Place::At(*seq), *expires);
        }
        alive
    }

    #[test]
    fn the_last_one_is_the_newest_that_has_not_expired() {
        let alive = alive(&[(1, NEVER_MS), (2, 50), (3, 20), (4, 30)]);
        let last = |now_ms| alive.last(now_ms).seq();
        assert_eq!((last(10), last(30), last(49), last(50)), (4, 2, 2, 1));
        assert_eq!(self::alive(&[(1, 50)]).last(50), Place::NOWHERE);
    }

    #[test]
    fn what_was_removed_is_not_the_last() {
        let mut removed = alive(&[(1, NEVER_MS), (2, 50)]);
        removed.forget(2, None);
        assert_eq!(removed.last(0).seq(), 1);
        removed.forget(1, Some((7, 90)));
        assert_eq!((removed.last(0).seq(), removed.last(90).seq()), (7, 0));
        let mut cut = alive(&[(1, NEVER_MS), (2, 50)]);
        cut.cut(2);
        assert_eq!((cut.last(0).seq(), cut.last(50).seq()), (2, 0));
    }

    #[test]
    fn it_stays_small_and_never_names_too_old_a_record() {
        let records: Vec<(u64, i64)> = (1..=20).map(|seq| (seq, 1_000 - seq as i64)).collect();
        let alive = alive(&records);
        assert_eq!(alive.0.len(), MOST);
        for now_ms in 975..1_000 {
            let truth = records.iter().rev().find(|(_, expires)| *expires > now_ms);
            let truth = truth.map_or(0, |(seq, _)| *seq);
            assert!(alive.last(now_ms).seq() >= truth);
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for records in [&[][..], &[(5, NEVER_MS)], &[(5, NEVER_MS), (6, 77)]] {
            let alive = alive(records);
            assert_eq!(Alive::read(&alive.written(0), 9), Some(alive));
        }
    }
}
