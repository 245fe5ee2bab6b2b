//! What the service measures. Names and labels live here only.

use fanfare_telemetry::{
    label,
    metrics::{Family, Metrics},
    prometheus::{Histogram, IntCounter},
};

label! {
    /// What became of one notification of a publish request.
    pub(crate) enum Outcome: "outcome" {
        /// Appended to every channel.
        Stored = "stored",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Was taken back while it was scheduled.
        Cancelled = "cancelled",
        /// Its sender must change it.
        Refused = "refused",
        /// The back end or we failed; the sender tries again.
        Failed = "failed",
    }
}

pub(crate) struct Meters {
    pub(crate) notifications: Family<Outcome, IntCounter>,
    /// From handing appends to the log to its answer.
    pub(crate) append_seconds: Histogram,
    /// First answers given again.
    pub(crate) replays: IntCounter,
    pub(crate) rate_limited: IntCounter,
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
        Self {
            notifications: metrics.counters(
                "fanfare_notify_notifications_total",
                "Notifications of publish requests, by what became of them.",
            ),
            append_seconds: metrics.seconds(
                "fanfare_notify_append_seconds",
                "From handing appends to the log to its answer.",
            ),
            replays: metrics.counter(
                "fanfare_notify_idempotent_replays_total",
                "Requests that were given their first answer again.",
            ),
            rate_limited: metrics.counter(
                "fanfare_notify_rate_limited_total",
                "Requests of users that were refused because they came too fast.",
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
}
