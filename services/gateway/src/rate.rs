//! How often a client may speak.

/// A token bucket. Time and terms are handed in, and it holds no more than it must: each connection has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// Thousandths of a token: a rate of one a second earns one of these each millisecond.
    level: u32,
    /// When it was last taken from, in milliseconds of the node's life. It wraps every seven weeks: a client that was
    /// silent for exactly that long is believed to have been silent for less.
    at_ms: u32,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(burst: u32, now_ms: u64) -> Self {
        Self {
            level: burst.saturating_mul(1_000),
            at_ms: wrapped(now_ms),
        }
    }

    /// Takes one token, or says in how many milliseconds there is one.
    pub(crate) fn take(&mut self, now_ms: u64, per_second: u32, burst: u32) -> Result<(), u64> {
        let now_ms = wrapped(now_ms);
        let earned = now_ms.wrapping_sub(self.at_ms).saturating_mul(per_second);
        self.level = self
            .level
            .saturating_add(earned)
            .min(burst.saturating_mul(1_000));
        self.at_ms = now_ms;
        if self.level >= 1_000 {
            self.level -= 1_000;
            return Ok(());
        }
        Err(u64::from((1_000 - self.level).div_ceil(per_second.max(1))))
    }
}

fn wrapped(ms: u64) -> u32 {
    u32::try_from(ms & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(3, 0);
        let mut take = |now_ms| bucket.take(now_ms, 20, 3);
        assert!((0..3).all(|_| take(0).is_ok()));
        assert_eq!(take(0), Err(50));
        assert_eq!(take(49), Err(1));
        assert_eq!(take(50), Ok(()));
        assert_eq!(take(50), Err(50));
    }
}
