//! What the service measures. Names and labels live here only.

use fanfare_telemetry::{
    metrics::Metrics,
    prometheus::{Histogram, IntCounter},
};

/// What became of one notification of a publish request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Appended to every channel.
    Stored,
    /// Waits for its time.
    Scheduled,
    /// Was taken back while it was scheduled.
    Cancelled,
    /// Its sender must change it.
    Refused,
    /// The back end or we failed; the sender tries again.
    Failed,
}

pub(crate) struct Meters {
    stored: IntCounter,
    scheduled: IntCounter,
    cancelled: IntCounter,
    refused: IntCounter,
    failed: IntCounter,
    /// From handing appends to the log to its answer.
    pub(crate) append_seconds: Histogram,
    /// First answers given again.
    pub(crate) replays: IntCounter,
    pub(crate) publications: IntCounter,
    pub(crate) receipts: IntCounter,
    pub(crate) sessions: IntCounter,
    pub(crate) acks: IntCounter,
    /// Reports that could not be stored: the trail will say less.
    pub(crate) trail_losses: IntCounter,
    /// `counts` that were not pushed, because too many users had changes at once.
    pub(crate) counts_dropped: IntCounter,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let notifications = metrics.counters(
            "fanfare_notify_notifications_total",
            "Notifications of publish requests, by what became of them.",
            &["outcome"],
        );
        let outcome = |label| notifications.with_label_values(&[label]);
        Self {
            stored: outcome("stored"),
            scheduled: outcome("scheduled"),
            cancelled: outcome("cancelled"),
            refused: outcome("refused"),
            failed: outcome("failed"),
            append_seconds: metrics.seconds(
                "fanfare_notify_append_seconds",
                "From handing appends to the log to its answer.",
            ),
            replays: metrics.counter(
                "fanfare_notify_idempotent_replays_total",
                "Requests that were given their first answer again.",
            ),
            publications: metrics.counter(
                "fanfare_notify_publications_total",
                "Publications to topics that were stored or sent.",
            ),
            receipts: metrics.counter(
                "fanfare_notify_receipts_total",
                "Receipts taken from gateways.",
            ),
            sessions: metrics.counter(
                "fanfare_notify_session_reports_total",
                "Session reports taken from gateways.",
            ),
            acks: metrics.counter(
                "fanfare_notify_acks_total",
                "Acknowledgements taken from clients.",
            ),
            trail_losses: metrics.counter(
                "fanfare_notify_trail_losses_total",
                "Reports that could not be stored, so that the trail says less.",
            ),
            counts_dropped: metrics.counter(
                "fanfare_notify_counts_dropped_total",
                "Counts that were not pushed because too many users had changes at once.",
            ),
        }
    }

    pub(crate) const fn notification(&self, outcome: Outcome) -> &IntCounter {
        match outcome {
            Outcome::Stored => &self.stored,
            Outcome::Scheduled => &self.scheduled,
            Outcome::Cancelled => &self.cancelled,
            Outcome::Refused => &self.refused,
            Outcome::Failed => &self.failed,
        }
    }
}
