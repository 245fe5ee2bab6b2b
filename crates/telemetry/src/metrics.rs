//! The metrics of one process: a [`Metrics`] to register with, labels that are enums ([`Label`]), and the two text
//! formats that Prometheus reads ([`Format`]).

mod exemplar;
mod family;
mod format;
mod label;
mod latency;
mod name;
mod open_metrics;
mod reading;

pub use exemplar::TraceId;
pub use family::Family;
pub use format::Format;
pub use label::Label;
pub use latency::Latency;

pub(crate) use reading::Reading;

use exemplar::Exemplars;
use name::Kind;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, core::Collector,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Upper bounds in seconds, from what a fast machine does in memory to what nobody waits for.
pub const SECONDS_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Where services register what they measure. Clones share it.
///
/// Names are `fanfare_<service>_<noun>_<unit>`, the unit `seconds` or `bytes`; counters end with `_total`, histograms with
/// their unit. A help is a sentence. Whatever breaks these rules, or is registered twice, panics at the first start: it is
/// a bug in a constant.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Registry,
    exemplars: Arc<Mutex<Vec<Arc<Exemplars>>>>,
}

impl Metrics {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str) -> IntGauge {
        name::check(Kind::Gauge, name, help);
        self.add(IntGauge::new(name, help))
    }

    /// A gauge for each value of a label.
    #[must_use]
    pub fn gauges<L: Label>(&self, name: &'static str, help: &'static str) -> Family<L, IntGauge> {
        name::check(Kind::Gauge, name, help);
        let gauges = self.add(IntGaugeVec::new(Opts::new(name, help), &[L::NAME]));
        Family::new(|label: L| gauges.with_label_values(&[label.as_str()]))
    }

    /// A counter.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str) -> IntCounter {
        name::check(Kind::Counter, name, help);
        self.add(IntCounter::new(name, help))
    }

    /// A counter for each value of a label.
    #[must_use]
    pub fn counters<L: Label>(
        &self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, IntCounter> {
        let counters = self.counters_by(name, help, &[L::NAME]);
        Family::new(|label: L| counters.with_label_values(&[label.as_str()]))
    }

    /// Counters whose labels have values that only a running process knows, as the routes of a router. There must be few
    /// of them, whatever a client sends. Each look-up takes a lock that is shared.
    #[must_use]
    pub fn counters_by(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&str],
    ) -> IntCounterVec {
        name::check(Kind::Counter, name, help);
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// Counters that somebody else keeps, read by `count` whenever somebody looks.
    pub fn read_counters<L: Label>(
        &self,
        name: &'static str,
        help: &'static str,
        count: impl Fn(L) -> u64 + Send + Sync + 'static,
    ) {
        name::check(Kind::Counter, name, help);
        self.register(reading::Counters::new(name, help, count));
    }

    /// A histogram of seconds, with [`SECONDS_BUCKETS`].
    #[must_use]
    pub fn seconds(&self, name: &'static str, help: &'static str) -> Histogram {
        name::check(Kind::Histogram, name, help);
        self.add(Histogram::with_opts(seconds(name, help)))
    }

    /// A histogram of seconds for each value of a label.
    #[must_use]
    pub fn seconds_of<L: Label>(
        &self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, Histogram> {
        let histograms = self.seconds_by(name, help, &[L::NAME]);
        Family::new(|label: L| histograms.with_label_values(&[label.as_str()]))
    }

    /// Histograms of seconds, with labels as those of [`counters_by`](Self::counters_by).
    #[must_use]
    pub fn seconds_by(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&str],
    ) -> HistogramVec {
        name::check(Kind::Histogram, name, help);
        self.add(HistogramVec::new(seconds(name, help), labels))
    }

    /// A histogram of seconds whose buckets show the trace of something that fell into them.
    #[must_use]
    pub fn latency(&self, name: &'static str, help: &'static str) -> Latency {
        let exemplars = Arc::new(Exemplars::new(name, SECONDS_BUCKETS));
        self.exemplars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&exemplars));
        Latency::new(self.seconds(name, help), exemplars)
    }

    /// What is not counted as it happens but looked up whenever somebody reads the metrics. Its names are its own.
    pub fn register(&self, collector: impl Collector + 'static) {
        self.enter(Box::new(collector));
    }

    /// Everything registered, in [`Format::Classic`].
    #[must_use]
    pub fn text(&self) -> String {
        self.text_in(Format::Classic)
    }

    /// Everything registered. Collectors may take some milliseconds: call it where that holds up nobody.
    #[must_use]
    pub fn text_in(&self, format: Format) -> String {
        let families = self.registry.gather();
        match format {
            Format::Classic => TextEncoder::new()
                .encode_to_string(&families)
                .unwrap_or_default(),
            Format::OpenMetrics => {
                let exemplars = self
                    .exemplars
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                open_metrics::encode(&families, &exemplars)
            }
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "names are constants: a wrong one is a bug that the first start shows"
    )]
    fn add<C: Collector + Clone + 'static>(&self, metric: prometheus::Result<C>) -> C {
        let metric = metric.expect("a metric's name and labels are valid");
        self.enter(Box::new(metric.clone()));
        metric
    }

    #[expect(
        clippy::expect_used,
        reason = "names are constants: a double one is a bug that the first start shows"
    )]
    fn enter(&self, collector: Box<dyn Collector>) {
        self.registry
            .register(collector)
            .expect("a metric is registered once");
    }
}

fn seconds(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::new(name, help).buckets(SECONDS_BUCKETS.to_vec())
}

#[cfg(test)]
mod tests;
