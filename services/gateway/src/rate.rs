//! How often a client may speak.

/// A token bucket. Time is handed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_second: u32,
    burst: u32,
    /// Thousandths of a token: a rate of one a second earns one of these each millisecond.
    level: u64,
    at_ms: u64,
}

impl Bucket {
    pub(crate) const fn new(per_second: u32, burst: u32, now_ms: u64) -> Self {
        Self {
            per_second,
            burst,
            level: burst as u64 * 1_000,
            at_ms: now_ms,
        }
    }

    /// Takes one token, or says in how many milliseconds there is one.
    pub(crate) fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let earned = now_ms
            .saturating_sub(self.at_ms)
            .saturating_mul(u64::from(self.per_second));
        self.level = self
            .level
            .saturating_add(earned)
            .min(u64::from(self.burst) * 1_000);
        self.at_ms = now_ms.max(self.at_ms);
        if self.level >= 1_000 {
            self.level -= 1_000;
            return Ok(());
        }
        Err((1_000 - self.level).div_ceil(u64::from(self.per_second.max(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(20, 3, 0);
        assert!((0..3).all(|_| bucket.take(0).is_ok()));
        assert_eq!(bucket.take(0), Err(50));
        assert_eq!(bucket.take(49), Err(1));
        assert_eq!(bucket.take(50), Ok(()));
        assert_eq!(bucket.take(50), Err(50));
    }
}
