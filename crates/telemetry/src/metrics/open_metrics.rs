//! OpenMetrics 1.0 as text. The `prometheus` crate writes the classic format only, which has no exemplars.

use super::exemplar::Exemplars;
use prometheus::proto::{Histogram, Metric, MetricFamily, MetricType};
use std::{fmt::Write as _, sync::Arc};

/// Writes what a registry has gathered, with the exemplars of those histograms that have some.
pub(super) fn encode(families: &[MetricFamily], exemplars: &[Arc<Exemplars>]) -> String {
    let mut out = String::new();
    for family in families {
        let (name, kind) = match family.get_field_type() {
            MetricType::COUNTER => (family.name().trim_end_matches("_total"), "counter"),
            MetricType::GAUGE => (family.name(), "gauge"),
            MetricType::HISTOGRAM => (family.name(), "histogram"),
            // Nobody here makes them.
            MetricType::SUMMARY | MetricType::UNTYPED => continue,
        };
        let _ = writeln!(out, "# TYPE {name} {kind}");
        if let Some(unit) = ["seconds", "bytes"]
            .into_iter()
            .find(|unit| name.ends_with(&format!("_{unit}")))
        {
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "# HELP {name} {}", escaped(family.help()));
        let own = exemplars.iter().find(|own| own.name == name);
        for metric in family.get_metric() {
            match family.get_field_type() {
                MetricType::COUNTER => {
                    sample(&mut out, name, "_total", metric, None);
                    value(&mut out, metric.get_counter().get_value());
                }
                MetricType::HISTOGRAM => {
                    histogram(&mut out, name, metric, own.map(Arc::as_ref));
                }
                MetricType::GAUGE | MetricType::SUMMARY | MetricType::UNTYPED => {
                    sample(&mut out, name, "", metric, None);
                    value(&mut out, metric.get_gauge().get_value());
                }
            }
        }
    }
    out.push_str("# EOF\n");
    out
}

fn histogram(out: &mut String, name: &str, metric: &Metric, exemplars: Option<&Exemplars>) {
    let histogram: &Histogram = metric.get_histogram();
    let finite = histogram
        .get_bucket()
        .iter()
        .filter(|bucket| bucket.upper_bound().is_finite())
        .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    let all = (f64::INFINITY, histogram.get_sample_count());
    for (index, (bound, count)) in finite.chain([all]).enumerate() {
        sample(out, name, "_bucket", metric, Some(bound));
        let _ = write!(out, " {count}");
        if let Some(exemplars) = exemplars {
            exemplars.write(out, index);
        }
        out.push('\n');
    }
    sample(out, name, "_count", metric, None);
    let _ = writeln!(out, " {}", histogram.get_sample_count());
    sample(out, name, "_sum", metric, None);
    value(out, histogram.get_sample_sum());
}

/// A sample up to its value. `bound`: of a bucket, as a number that is never written like an integer.
fn sample(out: &mut String, name: &str, suffix: &str, metric: &Metric, bound: Option<f64>) {
    let _ = write!(out, "{name}{suffix}");
    let mut separator = '{';
    for pair in metric.get_label() {
        let _ = write!(
            out,
            "{separator}{}=\"{}\"",
            pair.name(),
            escaped(pair.value())
        );
        separator = ',';
    }
    if let Some(bound) = bound {
        let _ = write!(out, "{separator}le=\"");
        if bound.is_finite() {
            let _ = write!(out, "{bound:?}");
        } else {
            out.push_str("+Inf");
        }
        out.push('"');
        separator = ',';
    }
    if separator == ',' {
        out.push('}');
    }
}

fn value(out: &mut String, value: f64) {
    let _ = if value.is_infinite() {
        writeln!(out, " {}Inf", if value > 0.0 { '+' } else { '-' })
    } else {
        writeln!(out, " {value}")
    };
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
