//! How fast a node lets clients in.
//!
//! When another node goes, all of its clients come within seconds. Beyond the pace a client is told to come back at a
//! time of its own, each later than the one before, so that those who are here already are served meanwhile.

use std::sync::{Mutex, PoisonError};

/// What may come at once, in milliseconds of the pace.
const BURST_MS: u64 = 1_000;

/// Latest that a client is told to come back.
const LATEST_MS: u64 = 60_000;

/// Admissions at an even pace, by the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug)]
pub(crate) struct Pace {
    /// Between two admissions, in microseconds; 0: no limit.
    interval_us: u64,
    state: Mutex<State>,
}

/// In microseconds of the node's life.
#[derive(Debug, Default)]
struct State {
    /// When everybody who was let in would have been, one after another.
    admitted_until_us: u64,
    /// When the last of those who were told to come back does.
    told_until_us: u64,
}

impl Pace {
    /// `per_second` 0: no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            interval_us: match per_second {
                0 => 0,
                some => (1_000_000 / u64::from(some)).max(1),
            },
            state: Mutex::default(),
        }
    }

    /// Lets one in at `now_ms` of the node's life, or answers in how many milliseconds it may come back.
    pub(crate) fn admit(&self, now_ms: u64) -> Result<(), u64> {
        if self.interval_us == 0 {
            return Ok(());
        }
        let now_us = now_ms * 1_000;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next_us = state.admitted_until_us.max(now_us) + self.interval_us;
        if next_us <= now_us + BURST_MS * 1_000 {
            state.admitted_until_us = next_us;
            return Ok(());
        }
        let earliest_us = now_us + BURST_MS * 1_000;
        let latest_us = now_us + LATEST_MS * 1_000;
        let told_us = state.told_until_us.max(earliest_us) + self.interval_us;
        state.told_until_us = told_us.min(latest_us);
        Err((state.told_until_us - now_us).div_ceil(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_the_pace_may_come_at_once() {
        let pace = Pace::new(100);
        let admitted = (0..500).filter(|_| pace.admit(10_000).is_ok()).count();
        assert_eq!(admitted, 100);
    }

    #[test]
    fn the_rest_is_told_to_come_one_after_another() {
        let pace = Pace::new(100);
        let told: Vec<u64> = (0..300).filter_map(|_| pace.admit(0).err()).collect();
        assert_eq!(told.len(), 200);
        assert!(told.is_sorted_by(|one, next| one < next), "{told:?}");
        assert_eq!((told[0], told[199]), (1_010, 3_000));
        let back = told.iter().filter(|at_ms| pace.admit(**at_ms).is_ok());
        assert_eq!(back.count(), 200, "all get in when they come as told");
    }

    #[test]
    fn nobody_is_sent_away_for_long() {
        let pace = Pace::new(1);
        let told = (0..1_000).filter_map(|_| pace.admit(0).err()).max();
        assert_eq!(told, Some(LATEST_MS));
    }

    #[test]
    fn without_a_pace_all_get_in() {
        let pace = Pace::new(0);
        assert!((0..100_000).all(|_| pace.admit(0).is_ok()));
    }
}
