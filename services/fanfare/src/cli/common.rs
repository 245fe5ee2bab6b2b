//! Options of every process that serves.

use super::{Issuers, Traces};
use clap::{Args, ValueEnum};
use ipnet::IpNet;

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a process listens, what it logs, and how it ends.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The public address: what this process serves to clients and backends.
    #[arg(long, env = "FANFARE_LISTEN", default_value = "127.0.0.1:8000")]
    pub(crate) listen: String,
    /// The internal address: /livez, /readyz, /metrics and /log. Do not publish it.
    #[arg(long, env = "FANFARE_ADMIN_LISTEN", default_value = "127.0.0.1:9000")]
    pub(crate) admin_listen: String,
    /// What to log, in the syntax of RUST_LOG. A PUT to /log of the internal address changes it.
    #[arg(long, env = "FANFARE_LOG", default_value = "info,async_nats=warn")]
    pub(crate) log: String,
    /// How log lines look.
    #[arg(long, env = "FANFARE_LOG_FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) proxies: Proxies,
    #[command(flatten)]
    pub(crate) shutdown: Shutdown,
    #[command(flatten)]
    pub(crate) issuers: Issuers,
    #[command(flatten)]
    pub(crate) traces: Traces,
}

/// What stands in front.
#[derive(Debug, Args)]
#[command(next_help_heading = "Browsers and proxies")]
pub(crate) struct Proxies {
    /// Networks of proxies whose X-Forwarded-For is believed, e.g. 10.0.0.0/8.
    #[arg(
        long,
        env = "FANFARE_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "NET"
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// How to leave.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shutdown")]
pub(crate) struct Shutdown {
    /// Milliseconds to go on accepting after SIGTERM, until every load balancer has seen that the node is not ready.
    #[arg(long, env = "FANFARE_LAME_DUCK_MS", default_value_t = 0)]
    pub(crate) lame_duck_ms: u64,
    /// Seconds after which whatever is left is dropped.
    #[arg(long, env = "FANFARE_GRACE_SECONDS", default_value_t = 60)]
    pub(crate) grace_seconds: u64,
}
