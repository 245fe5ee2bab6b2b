//! Token buckets by key, in bounded memory.

use crate::{Rate, settings::ms};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Most keys remembered, some 100 bytes each. When an attacker fills them all, every further key shares one bucket: those
/// who are known are still served, and nobody gets around the limit by making up keys.
const KEYS_MAX: usize = 50_000;

/// Shortest time between two searches for keys that need not be remembered any more.
const SWEEP_MS: i64 = 1_000;

/// One bucket per key; a key that is not remembered has a full one.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    burst: i64,
    every_ms: i64,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each bucket will be full again.
    full_at_ms: HashMap<K, i64>,
    overflow_full_at_ms: i64,
    swept_at_ms: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            burst: i64::from(rate.burst),
            every_ms: ms(rate.every).max(1),
            state: Mutex::new(State {
                full_at_ms: HashMap::new(),
                overflow_full_at_ms: 0,
                swept_at_ms: 0,
            }),
        }
    }

    /// Takes one from `key`'s bucket.
    ///
    /// # Errors
    ///
    /// In how many milliseconds there will be one.
    pub(crate) fn take(&self, key: K, now_ms: i64) -> Result<(), u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.full_at_ms.len() >= KEYS_MAX && now_ms - state.swept_at_ms >= SWEEP_MS {
            state.swept_at_ms = now_ms;
            state
                .full_at_ms
                .retain(|_key, full_at_ms| *full_at_ms > now_ms);
        }
        let is_full = state.full_at_ms.len() >= KEYS_MAX && !state.full_at_ms.contains_key(&key);
        let full_at_ms = if is_full {
            &mut state.overflow_full_at_ms
        } else {
            state.full_at_ms.entry(key).or_insert(0)
        };
        let taken_until_ms = (*full_at_ms).max(now_ms) + self.every_ms;
        let wait_ms = taken_until_ms - now_ms - self.burst * self.every_ms;
        if wait_ms > 0 {
            return Err(wait_ms.unsigned_abs());
        }
        *full_at_ms = taken_until_ms;
        Ok(())
    }

    /// Gives back what a success took.
    pub(crate) fn give_back(&self, key: &K) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at_ms) = state.full_at_ms.get_mut(key) {
            *full_at_ms -= self.every_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn buckets() -> Buckets<u32> {
        Buckets::new(Rate {
            burst: 2,
            every: Duration::from_secs(6),
        })
    }

    #[test]
    fn a_bucket_empties_and_refills() {
        let buckets = buckets();
        assert_eq!(buckets.take(1, 0), Ok(()));
        assert_eq!(buckets.take(1, 0), Ok(()));
        assert_eq!(buckets.take(1, 0), Err(6_000));
        assert_eq!(buckets.take(2, 0), Ok(()));
        assert_eq!(buckets.take(1, 5_999), Err(1));
        assert_eq!(buckets.take(1, 6_000), Ok(()));
        buckets.give_back(&1);
        assert_eq!(buckets.take(1, 6_000), Ok(()));
    }

    #[test]
    fn made_up_keys_share_one_bucket_once_memory_is_full() {
        let buckets = buckets();
        for key in 0..u32::try_from(KEYS_MAX).unwrap() {
            assert_eq!(buckets.take(key, 1), Ok(()));
        }
        assert_eq!(buckets.take(1_000_001, 1), Ok(()));
        assert_eq!(buckets.take(1_000_002, 1), Ok(()));
        assert!(buckets.take(1_000_003, 1).is_err());
        assert_eq!(buckets.take(0, 1), Ok(()), "a known key has its own");
        assert_eq!(
            buckets.take(1_000_003, 10_000),
            Ok(()),
            "refilled ones are forgotten"
        );
        let state = buckets.state.lock().unwrap();
        assert!(state.full_at_ms.len() < 10);
    }
}
