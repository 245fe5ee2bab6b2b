//! What an operator can choose.

use std::time::Duration;

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long it is kept what moderators did; 1 d to 3,650 d.
    pub audit_retention: Duration,
    /// How often unfinished work of workers that died is looked for; 100 ms to 10 min. It is taken up when it is older
    /// than [`orphan_age`](Self::orphan_age).
    pub sweep_interval: Duration,
    /// How old work must be until its worker is taken for dead; up to 1 h. Work is done within some seconds.
    pub orphan_age: Duration,
    /// How long gateways have to take a user out of a room; up to 5 s.
    pub gather_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            audit_retention: Duration::from_secs(365 * 24 * 3_600),
            sweep_interval: Duration::from_secs(10),
            orphan_age: Duration::from_secs(20),
            gather_wait: Duration::from_millis(900),
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let day = Duration::from_secs(24 * 3_600);
        let rules = [
            (
                (day..=3_650 * day).contains(&self.audit_retention),
                "audit_retention is from 1 d to 3,650 d",
            ),
            (
                (Duration::from_millis(100)..=Duration::from_secs(600))
                    .contains(&self.sweep_interval),
                "sweep_interval is from 100 ms to 10 min",
            ),
            (
                self.orphan_age <= Duration::from_secs(3_600),
                "orphan_age is at most 1 h",
            ),
            (
                self.gather_wait <= Duration::from_secs(5),
                "gather_wait is at most 5 s",
            ),
        ];
        rules
            .into_iter()
            .find_map(|(kept, rule)| (!kept).then_some(Err(rule)))
            .unwrap_or(Ok(()))
    }

    pub(crate) fn audit_ms(&self) -> u64 {
        u64::try_from(self.audit_retention.as_millis()).unwrap_or(u64::MAX)
    }
}
