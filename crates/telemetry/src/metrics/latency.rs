//! A histogram with exemplars.

use super::exemplar::{Exemplars, TraceId};
use prometheus::Histogram;
use std::sync::Arc;

/// A histogram of seconds. Each bucket shows, to who reads OpenMetrics, the trace of the last sampled event in it.
#[derive(Clone, Debug)]
pub struct Latency {
    histogram: Histogram,
    exemplars: Arc<Exemplars>,
}

impl Latency {
    pub(super) const fn new(histogram: Histogram, exemplars: Arc<Exemplars>) -> Self {
        Self {
            histogram,
            exemplars,
        }
    }

    /// Counts an event that took `seconds`. `trace`: the trace it belongs to, if that is sampled. Without one it costs
    /// what a histogram costs, some atomic additions.
    pub fn observe(&self, seconds: f64, trace: Option<TraceId>) {
        self.histogram.observe(seconds);
        if let Some(trace) = trace {
            self.exemplars.keep(seconds, trace);
        }
    }
}
