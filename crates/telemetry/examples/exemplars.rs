//! Prints a histogram with exemplars as OpenMetrics: what tests/metrics gives to a real Prometheus.
#![expect(clippy::print_stdout, reason = "printing is all it does")]

use fanfare_telemetry::metrics::{Format, Metrics};

fn main() {
    let metrics = Metrics::new();
    let latency = metrics.latency("fanfare_example_delivery_seconds", "Made-up deliveries.");
    latency.observe(0.003, Some([0x11; 16]));
    latency.observe(0.3, Some([0x22; 16]));
    latency.observe(0.4, None);
    latency.observe(30.0, Some([0x33; 16]));
    print!("{}", metrics.text_in(Format::OpenMetrics));
}
