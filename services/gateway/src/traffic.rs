//! What this node has delivered, and how its connections ended: `data.traffic` of a `system_info` on `system:metrics`.
//!
//! Totals since the process's start, so that whoever watches takes differences over whatever time is of interest, misses
//! nothing with an event that was lost, and can add nodes up: quantiles of a fleet come of the sum of its buckets.

use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
pub(crate) struct Traffic {
    pub(crate) draining: bool,
    /// Publications that were fanned out, each once however many read it.
    pub(crate) messages_total: u64,
    /// Frames of them that were sent to sockets.
    pub(crate) frames_total: u64,
    /// Connections that ended, by close code; `peer`: the client ended it. Codes that have not been used are left out.
    pub(crate) closes_total: BTreeMap<&'static str, u64>,
    pub(crate) delivery: Delivery,
}

/// How long deliveries took, from the publish to the write.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    /// Upper bounds of the buckets, ascending.
    pub(crate) bounds_seconds: &'static [f64],
    /// Deliveries in each bucket; one more than bounds, for those above all of them.
    pub(crate) counts_total: Vec<u64>,
}
