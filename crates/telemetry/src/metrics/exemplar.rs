//! Examples of what fell into a histogram's buckets.

use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

/// The id of a trace, as W3C's `traceparent` has it. Zeroes are no trace.
pub type TraceId = [u8; 16];

#[derive(Clone, Copy, Debug)]
struct Exemplar {
    trace: TraceId,
    value: f64,
}

/// The last exemplar of each bucket of one histogram.
#[derive(Debug)]
pub(super) struct Exemplars {
    pub(super) name: &'static str,
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all of them.
    last: Vec<Mutex<Option<Exemplar>>>,
}

impl Exemplars {
    pub(super) fn new(name: &'static str, bounds: &'static [f64]) -> Self {
        Self {
            name,
            bounds,
            last: (0..=bounds.len()).map(|_| Mutex::default()).collect(),
        }
    }

    /// Keeps an exemplar. It waits for nobody: while the bucket's last one is being read this one is dropped.
    pub(super) fn keep(&self, value: f64, trace: TraceId) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if trace == TraceId::default() {
            return;
        }
        if let Ok(mut last) = self.last[bucket].try_lock() {
            *last = Some(Exemplar { trace, value });
        }
    }

    /// Writes a bucket's exemplar as OpenMetrics has it behind a sample: ` # {trace_id="…"} 0.25`. Without a time, since
    /// readers take one that they know already for the same, and that of the scrape for a new one.
    pub(super) fn write(&self, out: &mut String, bucket: usize) {
        let last = self.last.get(bucket).and_then(|last| {
            let last = last.lock().unwrap_or_else(PoisonError::into_inner);
            *last
        });
        let Some(Exemplar { trace, value }) = last else {
            return;
        };
        out.push_str(" # {trace_id=\"");
        for byte in trace {
            let _ = write!(out, "{byte:02x}");
        }
        let _ = write!(out, "\"}} {value}");
    }
}
