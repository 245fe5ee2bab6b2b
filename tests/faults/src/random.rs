//! Everything that is left to chance, from one seed.

use std::time::Duration;

/// A sequence of numbers that follow from a seed (`SplitMix64`). No secret is made of it.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Another sequence, for somebody who draws at a time of his own.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    /// The sequence of a name: rows do not depend on which others are run.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let mut random = Self::new(seed);
        for byte in name.bytes() {
            random.state ^= u64::from(byte);
            random.state = random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0. The bias of so small bounds does not matter here.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Yes, `percent` times of a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A time between the two, in milliseconds.
    pub(crate) fn between_ms(&mut self, least: u64, most: u64) -> Duration {
        let span = usize::try_from(most.saturating_sub(least)).unwrap_or(0) + 1;
        Duration::from_millis(least + self.below(span) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(mut random: Random) -> Vec<usize> {
        (0..100).map(|_| random.below(1_000)).collect()
    }

    #[test]
    fn a_seed_and_a_name_say_everything() {
        assert_eq!(
            draws(Random::named(7, "none")),
            draws(Random::named(7, "none"))
        );
        assert_ne!(
            draws(Random::named(7, "none")),
            draws(Random::named(8, "none"))
        );
        assert_ne!(
            draws(Random::named(7, "none")),
            draws(Random::named(7, "nine"))
        );
    }

    #[test]
    fn draws_are_spread() {
        let mut random = Random::new(1);
        let draws: Vec<usize> = (0..10_000).map(|_| random.below(10)).collect();
        for value in 0..10 {
            let count = draws.iter().filter(|own| **own == value).count();
            assert!((800..1_200).contains(&count), "{value}: {count}");
        }
        let waits: Vec<Duration> = (0..100).map(|_| random.between_ms(5, 7)).collect();
        assert!(waits.iter().all(|wait| (5..=7).contains(&wait.as_millis())));
    }
}
