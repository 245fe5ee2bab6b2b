//! How long nothing was accepted.

/// A time without a 2xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) from_ms: u64,
    pub(crate) ms: u64,
}

impl Outage {
    /// The longest time between two answers.
    pub(super) fn longest(from_ms: u64, until_ms: u64, answered_ms: &mut Vec<u64>) -> Self {
        answered_ms.extend([from_ms, until_ms]);
        answered_ms.sort_unstable();
        let gaps = answered_ms.windows(2).map(|pair| Self {
            from_ms: pair[0],
            ms: pair[1] - pair[0],
        });
        gaps.max_by_key(|gap| gap.ms).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_the_longest_time_without_an_answer() {
        let longest = |mut answered_ms| {
            let outage = Outage::longest(100, 1_000, &mut answered_ms);
            (outage.from_ms, outage.ms)
        };
        assert_eq!(longest(vec![900, 200, 350]), (350, 550));
        assert_eq!(longest(vec![150]), (150, 850));
        assert_eq!(longest(Vec::new()), (100, 900));
    }
}
