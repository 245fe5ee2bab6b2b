//! Metrics that are read where they are kept, whenever somebody looks.

use super::Label;
use prometheus::{
    core::{Collector, Desc},
    proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType},
};

/// One figure with its name.
pub(crate) struct Reading {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: MetricType,
    /// Each with its labels.
    pub(crate) values: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Reading {
    /// A gauge without labels.
    pub(crate) fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Self {
            name,
            help,
            kind: MetricType::GAUGE,
            values: vec![(Vec::new(), value)],
        }
    }

    /// What a registry wants to know before it reads.
    #[expect(
        clippy::expect_used,
        reason = "names are constants: a wrong one is a bug that the first start shows"
    )]
    pub(crate) fn desc(&self) -> Desc {
        let labels = self.values.first().map(|(labels, _value)| labels);
        let labels = labels.into_iter().flatten();
        let labels = labels.map(|(name, _value)| (*name).to_owned()).collect();
        let (name, help) = (self.name.to_owned(), self.help.to_owned());
        Desc::new(name, help, labels, std::collections::HashMap::new())
            .expect("a metric's name and labels are valid")
    }

    pub(crate) fn family(self) -> MetricFamily {
        let is_counter = self.kind == MetricType::COUNTER;
        let metrics = self.values.into_iter().map(|(labels, value)| {
            let labels = labels.into_iter().map(|(name, value)| {
                let mut pair = LabelPair::default();
                pair.set_name(name.to_owned());
                pair.set_value(value);
                pair
            });
            let mut metric = Metric::from_label(labels.collect());
            if is_counter {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            } else {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
            metric
        });
        let mut family = MetricFamily::default();
        family.set_metric(metrics.collect());
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(self.kind);
        family
    }
}

/// Counters that somebody else keeps.
pub(super) struct Counters<L> {
    name: &'static str,
    help: &'static str,
    desc: Desc,
    count: Box<dyn Fn(L) -> u64 + Send + Sync>,
}

impl<L: Label> Counters<L> {
    pub(super) fn new(
        name: &'static str,
        help: &'static str,
        count: impl Fn(L) -> u64 + Send + Sync + 'static,
    ) -> Self {
        let desc = read(name, help, &count).desc();
        Self {
            name,
            help,
            desc,
            count: Box::new(count),
        }
    }
}

impl<L: Label> Collector for Counters<L> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        vec![read(self.name, self.help, &self.count).family()]
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the formats know floating point numbers only, and 2^53 events are far"
)]
fn read<L: Label>(name: &'static str, help: &'static str, count: impl Fn(L) -> u64) -> Reading {
    let value = |label: &L| {
        let labels = vec![(L::NAME, label.as_str().to_owned())];
        (labels, count(*label) as f64)
    };
    Reading {
        name,
        help,
        kind: MetricType::COUNTER,
        values: L::ALL.iter().map(value).collect(),
    }
}
