//! A set of ordinals as ranges. A read-up-to mark is its first range; what was read out of order makes more.

use serde::{Deserialize, Serialize};

/// Sorted ranges, both ends included, neither overlapping nor touching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    pub(crate) fn contains(&self, n: u64) -> bool {
        let at = self.0.partition_point(|(_low, high)| *high < n);
        self.0.get(at).is_some_and(|(low, _high)| *low <= n)
    }

    /// The ordinal up to which everything is in the set.
    pub(crate) fn upto(&self) -> u64 {
        match self.0.first() {
            Some((0 | 1, high)) => *high,
            _ => 0,
        }
    }

    /// How many ranges there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts everything from `low` to `high` in.
    pub(crate) fn insert(&mut self, low: u64, high: u64) {
        if low > high {
            return;
        }
        let begin = self
            .0
            .partition_point(|(_low, end)| end.saturating_add(1) < low);
        let end = self
            .0
            .partition_point(|(start, _high)| *start <= high.saturating_add(1));
        let joined = self.0[begin..end]
            .iter()
            .fold((low, high), |(low, high), (start, stop)| {
                (low.min(*start), high.max(*stop))
            });
        self.0.splice(begin..end, [joined]);
    }

    /// Takes `n` out.
    pub(crate) fn remove(&mut self, n: u64) {
        let at = self.0.partition_point(|(_low, high)| *high < n);
        let Some((low, high)) = self.0.get(at).copied().filter(|(low, _high)| *low <= n) else {
            return;
        };
        let left = (low < n).then(|| (low, n - 1));
        let right = (n < high).then(|| (n + 1, high));
        self.0.splice(at..=at, left.into_iter().chain(right));
    }

    /// Makes one range less by filling the oldest gap.
    pub(crate) fn fill_oldest_gap(&mut self) {
        if let [(low, _), (_, high), ..] = self.0[..] {
            self.0.splice(..2, [(low, high)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_holds_what_a_plain_set_would() {
        let mut ranges = Ranges::default();
        let mut set = BTreeSet::new();
        let mut state = 42_u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _step in 0..5_000 {
            let low = 1 + next(60);
            if next(3) == 0 {
                ranges.remove(low);
                set.remove(&low);
            } else {
                let high = low + next(4);
                ranges.insert(low, high);
                set.extend(low..=high);
            }
            let same = (0..70).all(|n| ranges.contains(n) == set.contains(&n));
            assert!(same, "{ranges:?} {set:?}");
            let apart = ranges.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0);
            assert!(apart, "{ranges:?}");
        }
    }

    #[test]
    fn the_first_range_is_the_read_up_to_mark() {
        let mut ranges = Ranges::default();
        ranges.insert(3, 5);
        assert_eq!(ranges.upto(), 0);
        ranges.insert(1, 2);
        assert_eq!(ranges.upto(), 5);
        ranges.remove(4);
        assert_eq!(ranges.upto(), 3);
    }

    #[test]
    fn filling_a_gap_forgets_only_the_oldest() {
        let mut ranges = Ranges(vec![(1, 2), (4, 4), (9, 9)]);
        ranges.fill_oldest_gap();
        assert_eq!(ranges, Ranges(vec![(1, 4), (9, 9)]));
    }
}
