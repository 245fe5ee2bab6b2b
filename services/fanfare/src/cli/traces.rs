//! Options of what is traced. They go by the names of the OpenTelemetry specification.

use clap::Args;

/// Whether the way of a publish is told to a collector.
#[derive(Debug, Args)]
#[command(next_help_heading = "Traces")]
pub(crate) struct Traces {
    /// A collector that takes OTLP over gRPC, e.g. http://collector:4317; without one nothing is traced. What it wants as
    /// headers is in OTEL_EXPORTER_OTLP_HEADERS.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Which traces are recorded: always_on, always_off or traceidratio; with parentbased_ before it, what a caller has
    /// decided holds.
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER",
        default_value = "parentbased_traceidratio",
        value_name = "NAME"
    )]
    pub(crate) traces_sampler: String,
    /// How many of them traceidratio records, 0 to 1; 0.05 unless given.
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "RATIO")]
    pub(crate) traces_sampler_arg: Option<String>,
    /// What this process is called in traces; fanfare-gateway, fanfare-notify and so on unless given. More about it is
    /// in OTEL_RESOURCE_ATTRIBUTES.
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "NAME")]
    pub(crate) service_name: Option<String>,
}
