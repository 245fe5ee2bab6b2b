//! What the auth service counts.

use fanfare_telemetry::{metrics::Metrics, prometheus::IntCounter};

/// How a login ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Login {
    Ok,
    /// Wrong name or password, or a disabled account.
    Refused,
    /// Over a limit, or all places were taken.
    Limited,
    /// Our fault.
    Failed,
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refresh {
    Ok,
    /// Not a valid token.
    Refused,
    /// Sent twice at once.
    Repeated,
    /// Used before: the family ended.
    Reused,
    /// Our fault.
    Failed,
}

/// What a token was issued for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Issue {
    Login,
    Refresh,
    Minted,
}

pub(crate) struct Counters {
    logins: [IntCounter; 4],
    refreshes: [IntCounter; 5],
    tokens: [IntCounter; 3],
}

impl Counters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let logins = metrics.counters(
            "fanfare_auth_logins_total",
            "Logins, by outcome",
            &["outcome"],
        );
        let refreshes = metrics.counters(
            "fanfare_auth_refreshes_total",
            "Refreshes, by outcome",
            &["outcome"],
        );
        let tokens = metrics.counters(
            "fanfare_auth_tokens_total",
            "Access tokens issued, by occasion",
            &["occasion"],
        );
        Self {
            logins: ["ok", "refused", "limited", "failed"]
                .map(|outcome| logins.with_label_values(&[outcome])),
            refreshes: ["ok", "refused", "repeated", "reused", "failed"]
                .map(|outcome| refreshes.with_label_values(&[outcome])),
            tokens: ["login", "refresh", "minted"]
                .map(|occasion| tokens.with_label_values(&[occasion])),
        }
    }

    pub(crate) fn login(&self, outcome: Login) {
        self.logins[outcome as usize].inc();
    }

    pub(crate) fn refresh(&self, outcome: Refresh) {
        self.refreshes[outcome as usize].inc();
    }

    pub(crate) fn issued(&self, occasion: Issue) {
        self.tokens[occasion as usize].inc();
    }
}
