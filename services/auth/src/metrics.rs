//! What the auth service measures. Names and labels live here only.

use fanfare_telemetry::{
    label,
    metrics::{Family, Metrics},
    prometheus::IntCounter,
};

label! {
    /// How a login ended.
    pub(crate) enum Login: "outcome" {
        Ok = "ok",
        /// Wrong name or password, or a disabled account.
        Refused = "refused",
        /// Over a limit, or all places were taken.
        Limited = "limited",
        /// Our fault.
        Failed = "failed",
    }
}

label! {
    /// How a refresh ended.
    pub(crate) enum Refresh: "outcome" {
        Ok = "ok",
        /// Not a valid token.
        Refused = "refused",
        /// Sent twice at once.
        Repeated = "repeated",
        /// Used before: the family ended.
        Reused = "reused",
        /// Our fault.
        Failed = "failed",
    }
}

label! {
    /// What a token was issued for.
    pub(crate) enum Issue: "occasion" {
        Login = "login",
        Refresh = "refresh",
        Minted = "minted",
    }
}

pub(crate) struct Meters {
    pub(crate) logins: Family<Login, IntCounter>,
    pub(crate) refreshes: Family<Refresh, IntCounter>,
    pub(crate) tokens: Family<Issue, IntCounter>,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            logins: metrics.counters("fanfare_auth_logins_total", "Logins, by outcome."),
            refreshes: metrics.counters("fanfare_auth_refreshes_total", "Refreshes, by outcome."),
            tokens: metrics.counters(
                "fanfare_auth_tokens_total",
                "Access tokens issued, by occasion.",
            ),
        }
    }
}
