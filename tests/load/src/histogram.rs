//! Latencies, counted in steps of about 1.6 %.

/// Steps of one octave, as a power of two.
const STEP_BITS: u32 = 6;

/// Steps that reach beyond 18 minutes.
const STEPS: usize = (41 - STEP_BITS as usize) << STEP_BITS;

/// A log-linear histogram of nanoseconds: each octave has 64 equal steps. What is beyond the last step counts there.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS],
            total: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, ns: u64) {
        self.counts[step(ns).min(STEPS - 1)] += 1;
        self.total += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
        self.total += other.total;
    }

    /// Nanoseconds that `per_mille` of 1,000 do not exceed, to the step; `None` when nothing was recorded.
    pub(crate) fn quantile_ns(&self, per_mille: u64) -> Option<u64> {
        let rank = (self.total * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(step, count)| {
            seen += count;
            (seen >= rank).then(|| highest(step))
        })
    }

    /// The 99th of 100, in milliseconds.
    pub(crate) fn p99_ms(&self) -> Option<f64> {
        self.quantile_ns(990).map(|ns| ns as f64 / 1e6)
    }
}

/// The step that `ns` falls into.
fn step(ns: u64) -> usize {
    let within = match ns.checked_ilog2() {
        Some(log) if log >= STEP_BITS => {
            let octave = u64::from(log - STEP_BITS);
            (octave << STEP_BITS) + (ns >> octave)
        }
        _ => ns,
    };
    usize::try_from(within).unwrap_or(usize::MAX)
}

/// The largest value of a step.
const fn highest(step: usize) -> u64 {
    let step = step as u64;
    if step < 2 << STEP_BITS {
        return step;
    }
    let octave = (step >> STEP_BITS) - 1;
    (((step - (octave << STEP_BITS)) + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_without_holes() {
        let mut last = 0;
        for ns in 0..100_000 {
            let own = step(ns);
            assert!(own == last || own == last + 1, "{ns}");
            assert!(
                highest(own) >= ns && (own == 0 || highest(own - 1) < ns),
                "{ns}"
            );
            last = own;
        }
    }

    #[test]
    fn a_quantile_is_within_a_step_of_the_truth() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile_ns(990), None);
        (1..=100_000).for_each(|us| histogram.record(us * 1_000));
        for (per_mille, truth_us) in [(1, 100), (500, 50_000), (990, 99_000), (1_000, 100_000)] {
            let found = histogram.quantile_ns(per_mille).unwrap();
            let truth = truth_us * 1_000;
            assert!(
                found >= truth && found <= truth + truth / 60,
                "{per_mille}: {found}"
            );
        }
        histogram.record(u64::MAX);
        assert_eq!(histogram.total, 100_001);
    }

    #[test]
    fn sums_and_clears() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        one.record(1_000);
        other.record(1_000_000);
        one.add(&other);
        assert_eq!(one.total, 2);
        assert!(one.quantile_ns(1_000).unwrap() >= 1_000_000);
        one.clear();
        assert_eq!((one.total, one.quantile_ns(500)), (0, None));
    }
}
