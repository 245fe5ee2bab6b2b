//! What the process measures of parts that measure nothing themselves.

use fanfare_bus::nats::{Line, Observer};
use fanfare_telemetry::{
    metrics::{Family, Label, Metrics},
    prometheus::{Histogram, IntCounter, IntGauge},
};
use fanfare_tokens::{Authority, TokenError};
use std::{sync::Arc, time::Duration};

/// Why a token was refused.
#[derive(Clone, Copy, Debug)]
struct Reason(TokenError);

impl Label for Reason {
    const NAME: &'static str = "reason";
    const ALL: &'static [Self] = &{
        let mut all = [Self(TokenError::Malformed); TokenError::ALL.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self(TokenError::ALL[index]);
            index += 1;
        }
        all
    };

    fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Measures the tokens that `authority` refuses.
pub(crate) fn authority(metrics: &Metrics, authority: &Arc<Authority>) {
    let authority = Arc::clone(authority);
    metrics.read_counters(
        "fanfare_token_refusals_total",
        "Tokens that were refused, by reason; unavailable: the keys to check them were not there.",
        move |Reason(error)| authority.refusals(error),
    );
}

/// One of the connections to NATS.
#[derive(Clone, Copy, Debug)]
struct Connection(Line);

impl Label for Connection {
    const NAME: &'static str = "connection";
    const ALL: &'static [Self] = &[Self(Line::Live), Self(Line::Ctl), Self(Line::Served)];

    fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Measures NATS.
#[derive(Debug)]
pub(crate) struct Nats {
    connected: Family<Connection, IntGauge>,
    reconnects: Family<Connection, IntCounter>,
    dropped: Family<Connection, IntCounter>,
    round_trip: Histogram,
    append: Histogram,
}

impl Nats {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            connected: metrics.gauges(
                "fanfare_nats_connected",
                "1 while this connection to NATS is there; by what it is for.",
            ),
            reconnects: metrics.counters(
                "fanfare_nats_reconnects_total",
                "Times this connection to NATS came again after it was lost.",
            ),
            dropped: metrics.counters(
                "fanfare_nats_dropped_total",
                "Times messages of this connection to NATS were dropped because a reader here was too slow.",
            ),
            round_trip: metrics.seconds(
                "fanfare_nats_round_trip_seconds",
                "How long a message to ourselves takes through NATS; one each 5 s.",
            ),
            append: metrics.seconds(
                "fanfare_nats_append_seconds",
                "How long JetStream takes to store a message or a batch of them in the log.",
            ),
        }
    }
}

impl Observer for Nats {
    fn connected(&self, line: Line) {
        self.connected.of(Connection(line)).set(1);
    }

    fn disconnected(&self, line: Line) {
        self.connected.of(Connection(line)).set(0);
    }

    fn reconnected(&self, line: Line) {
        self.reconnects.of(Connection(line)).inc();
    }

    fn dropped(&self, line: Line) {
        self.dropped.of(Connection(line)).inc();
    }

    fn round_trip(&self, took: Duration) {
        self.round_trip.observe(took.as_secs_f64());
    }

    fn appended(&self, took: Duration) {
        self.append.observe(took.as_secs_f64());
    }
}
