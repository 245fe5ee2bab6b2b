//! How often one user may ask, in bounded memory.

use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A request every so often, in milliseconds: 20 a second.
const EVERY_MS: i64 = 50;
/// What a user who was quiet has saved up, in the same unit: 40 requests, enough for every device at once.
const BURST_MS: i64 = 40 * EVERY_MS;
/// Most users remembered, some 200 bytes each.
const USERS_MAX: usize = 50_000;
/// Shortest time between two searches for users that need not be remembered any more, when there are too many.
const SWEEP_MS: i64 = 1_000;
/// Between two searches otherwise: a storm of clients that come back is forgotten soon after.
const FORGET: Duration = Duration::from_secs(5);

/// One token bucket per user; a user who is not remembered has a full one.
#[derive(Debug, Default)]
pub struct UserRate(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    /// When each bucket will be full again.
    full_at_ms: HashMap<String, i64>,
    swept_at_ms: i64,
}

impl UserRate {
    /// Allows each user 20 requests a second, and 40 at once. Until the shutdown begins, who was quiet is soon forgotten.
    #[must_use]
    pub fn new(clock: Clock, tasks: &Tasks, shutdown: &Shutdown) -> Arc<Self> {
        let rate = Arc::new(Self::default());
        let (kept, shutdown) = (Arc::clone(&rate), shutdown.clone());
        tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(FORGET) => kept.forget(clock.now_ms()),
                }
            }
        });
        rate
    }

    /// Forgets who has a full bucket.
    fn forget(&self, now_ms: i64) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(now_ms);
        let room = 2 * buckets.full_at_ms.len();
        buckets.full_at_ms.shrink_to(room);
    }

    /// Takes one from the bucket of `user`.
    ///
    /// # Errors
    ///
    /// In how many milliseconds there will be one.
    pub fn take(&self, user: &str, now_ms: i64) -> Result<(), u64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not lock anybody out.
        let known = buckets.full_at_ms.get(user).copied().unwrap_or(now_ms);
        let known = known.clamp(now_ms, now_ms + BURST_MS);
        let full_at_ms = known + EVERY_MS;
        let over_ms = full_at_ms - now_ms - BURST_MS;
        if over_ms > 0 {
            buckets.full_at_ms.insert(user.to_owned(), known);
            return Err(over_ms.unsigned_abs());
        }
        if let Some(known) = buckets.full_at_ms.get_mut(user) {
            *known = full_at_ms;
            return Ok(());
        }
        if buckets.full_at_ms.len() >= USERS_MAX && (now_ms - buckets.swept_at_ms).abs() >= SWEEP_MS
        {
            buckets.sweep(now_ms);
        }
        // Each has a token of his own, so nobody can fill this at will: with so many users at once, the further ones
        // are let in rather than turned away for what others do.
        if buckets.full_at_ms.len() < USERS_MAX {
            buckets.full_at_ms.insert(user.to_owned(), full_at_ms);
        }
        Ok(())
    }
}

impl Buckets {
    fn sweep(&mut self, now_ms: i64) {
        self.swept_at_ms = now_ms;
        self.full_at_ms.retain(|_user, at_ms| *at_ms > now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let rate = UserRate::default();
        while rate.take("7", NOW_MS).is_ok() {}
        let earlier_ms = NOW_MS - 900_000;
        assert_eq!(rate.take("7", earlier_ms), Err(EVERY_MS.unsigned_abs()));
        assert_eq!(rate.take("7", earlier_ms + EVERY_MS), Ok(()));
    }

    #[test]
    fn the_users_remembered_are_bounded_and_those_who_are_quiet_are_forgotten() {
        let rate = UserRate::default();
        let len = |rate: &UserRate| rate.0.lock().unwrap().full_at_ms.len();
        for index in 0..USERS_MAX + 10 {
            assert_eq!(rate.take(&index.to_string(), NOW_MS), Ok(()));
        }
        assert_eq!(len(&rate), USERS_MAX);
        assert_eq!(rate.take("another", NOW_MS + SWEEP_MS), Ok(()));
        assert_eq!(len(&rate), 1);
        rate.forget(NOW_MS + SWEEP_MS);
        assert_eq!(len(&rate), 1);
        rate.forget(NOW_MS + SWEEP_MS + EVERY_MS);
        assert_eq!(len(&rate), 0);
    }
}
