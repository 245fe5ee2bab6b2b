use super::*;
use crate::label;

label! {
    enum Outcome: "outcome" {
        Ok = "ok",
        Refused = "refused",
    }
}

const TRACE: TraceId = [0xab; 16];

#[test]
fn every_series_is_there_before_anything_has_happened() {
    let metrics = Metrics::new();
    let logins = metrics.counters::<Outcome>("fanfare_x_logins_total", "Logins.");
    logins.of(Outcome::Refused).inc();
    let text = metrics.text();
    assert!(text.contains("fanfare_x_logins_total{outcome=\"ok\"} 0\n"));
    assert!(text.contains("fanfare_x_logins_total{outcome=\"refused\"} 1\n"));
}

#[test]
fn open_metrics_is_written_to_the_letter() {
    let metrics = Metrics::new();
    let _ = metrics.counter("fanfare_x_sent_bytes_total", "Bytes \"sent\".");
    let open = metrics.gauges::<Outcome>("fanfare_x_open", "Open.");
    let latency = metrics.latency("fanfare_x_delivery_seconds", "Time.");
    open.of(Outcome::Ok).set(-2);
    for seconds in [0.001, 0.25, 20.0] {
        latency.observe(seconds, None);
    }
    latency.observe(0.75, Some(TRACE));
    let text = metrics.text_in(Format::OpenMetrics);
    let bucket = |bound: &str, count: u64| {
        format!("fanfare_x_delivery_seconds_bucket{{le=\"{bound}\"}} {count}")
    };
    let mut expected = vec![
        "# TYPE fanfare_x_delivery_seconds histogram".to_owned(),
        "# UNIT fanfare_x_delivery_seconds seconds".to_owned(),
        "# HELP fanfare_x_delivery_seconds Time.".to_owned(),
    ];
    expected.extend(
        ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1"].map(|bound| bucket(bound, 1)),
    );
    expected.extend(["0.25", "0.5"].map(|bound| bucket(bound, 2)));
    let exemplar = format!(" # {{trace_id=\"{}\"}} 0.75", "ab".repeat(16));
    expected.push(bucket("1.0", 3) + &exemplar);
    expected.extend(["2.5", "5.0", "10.0"].map(|bound| bucket(bound, 3)));
    expected.push(bucket("+Inf", 4));
    expected.extend(
        [
            "fanfare_x_delivery_seconds_count 4",
            "fanfare_x_delivery_seconds_sum 21.001",
            "# TYPE fanfare_x_open gauge",
            "# HELP fanfare_x_open Open.",
            "fanfare_x_open{outcome=\"ok\"} -2",
            "fanfare_x_open{outcome=\"refused\"} 0",
            "# TYPE fanfare_x_sent_bytes counter",
            "# UNIT fanfare_x_sent_bytes bytes",
            "# HELP fanfare_x_sent_bytes Bytes \\\"sent\\\".",
            "fanfare_x_sent_bytes_total 0",
            "# EOF",
        ]
        .map(str::to_owned),
    );
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert!(text.ends_with('\n'));
}

#[test]
fn a_bucket_shows_its_last_trace_and_no_trace_is_none() {
    let metrics = Metrics::new();
    let latency = metrics.latency("fanfare_x_delivery_seconds", "Time.");
    latency.observe(0.002, Some([1; 16]));
    latency.observe(0.0025, Some(TRACE));
    latency.observe(0.0024, None);
    latency.observe(60.0, Some([2; 16]));
    latency.observe(0.3, Some([0; 16]));
    let text = metrics.text_in(Format::OpenMetrics);
    let shown: Vec<_> = text.lines().filter(|line| line.contains(" # ")).collect();
    let line = |bound: &str, count: u64, trace: &str, value: &str| {
        format!(
            "fanfare_x_delivery_seconds_bucket{{le=\"{bound}\"}} {count} # {{trace_id=\"{}\"}} {value}",
            trace.repeat(16)
        )
    };
    assert_eq!(
        shown,
        [
            line("0.0025", 3, "ab", "0.0025"),
            line("+Inf", 5, "02", "60"),
        ]
    );
    assert!(!metrics.text().contains("trace_id"));
}

#[test]
#[should_panic(expected = "a counter ends with _total")]
fn a_wrong_name_is_noticed_at_the_first_start() {
    let _ = Metrics::new().counter("fanfare_x_logins", "Logins.");
}
