//! What the service measures. Names and labels live here only.

use fanfare_telemetry::{
    label,
    metrics::{Family, Metrics},
    prometheus::{Histogram, IntCounter},
};

label! {
    /// What an entry of a room is.
    pub(crate) enum Kind: "kind" {
        Message = "message",
        Edit = "edit",
        Deletion = "deletion",
        Reaction = "reaction",
    }
}

pub(crate) struct Meters {
    pub(crate) entries: Family<Kind, IntCounter>,
    pub(crate) mentions: IntCounter,
    /// What somebody wanted and may not.
    pub(crate) refusals: IntCounter,
    pub(crate) rate_limited: IntCounter,
    /// From handing an entry to its room's line to the log's answer.
    pub(crate) append_seconds: Histogram,
    /// Work that a worker left behind and another has finished.
    pub(crate) orphans: IntCounter,
    /// Effects that are left to the sweep.
    pub(crate) unfinished: IntCounter,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            entries: metrics.counters(
                "fanfare_chat_entries_total",
                "Entries of rooms, by what they are.",
            ),
            mentions: metrics.counter(
                "fanfare_chat_mentions_total",
                "Users who were told that a message names them.",
            ),
            refusals: metrics.counter(
                "fanfare_chat_refusals_total",
                "Requests of users who may not do what they wanted.",
            ),
            rate_limited: metrics.counter(
                "fanfare_chat_rate_limited_total",
                "Requests of users that were refused because they came too fast.",
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
