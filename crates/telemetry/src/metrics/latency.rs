//! A histogram with exemplars.

use super::{
    SECONDS_BUCKETS,
    exemplar::{Exemplars, TraceId},
};
use prometheus::{Histogram, core::Metric as _};
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

    /// How many events each bucket holds, since the start: those up to the first of [`SECONDS_BUCKETS`], those above it and
    /// up to the second, and so on, and last those above all of them.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let metric = self.histogram.metric();
        let histogram = metric.get_histogram();
        let below = histogram.get_bucket().iter();
        let below = below.map(prometheus::proto::Bucket::cumulative_count);
        let mut counts = Vec::with_capacity(SECONDS_BUCKETS.len() + 1);
        let mut before = 0;
        for below in below.chain([histogram.get_sample_count()]) {
            counts.push(below.saturating_sub(before));
            before = below;
        }
        counts
    }
}
