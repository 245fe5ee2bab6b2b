//! What the service measures. Names and labels live here only.

use fanfare_telemetry::{
    metrics::Metrics,
    prometheus::{Histogram, IntCounter},
};

pub(crate) struct Meters {
    pub(crate) messages: IntCounter,
    pub(crate) edits: IntCounter,
    pub(crate) deletions: IntCounter,
    pub(crate) reactions: IntCounter,
    pub(crate) mentions: IntCounter,
    /// What somebody wanted and may not.
    pub(crate) refusals: IntCounter,
    /// From handing an entry to its room's line to the log's answer.
    pub(crate) append_seconds: Histogram,
    /// Work that a worker left behind and another has finished.
    pub(crate) orphans: IntCounter,
    /// Effects that are left to the sweep.
    pub(crate) unfinished: IntCounter,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let entries = metrics.counters(
            "fanfare_chat_entries_total",
            "Entries of rooms, by what they are.",
            &["kind"],
        );
        let kind = |label| entries.with_label_values(&[label]);
        Self {
            messages: kind("message"),
            edits: kind("edit"),
            deletions: kind("deletion"),
            reactions: kind("reaction"),
            mentions: metrics.counter(
                "fanfare_chat_mentions_total",
                "Users who were told that a message names them.",
            ),
            refusals: metrics.counter(
                "fanfare_chat_refusals_total",
                "Requests of users who may not do what they wanted.",
            ),
            append_seconds: metrics.seconds(
                "fanfare_chat_append_seconds",
                "From handing an entry to its room to the log's answer.",
            ),
            orphans: metrics.counter(
                "fanfare_chat_orphans_total",
                "Pieces of work that a worker left behind and another has finished.",
            ),
            unfinished: metrics.counter(
                "fanfare_chat_unfinished_total",
                "Effects of entries that were left to be finished later.",
            ),
        }
    }
}
