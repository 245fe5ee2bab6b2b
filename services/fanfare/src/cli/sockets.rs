//! Options of a gateway.

use clap::Args;

/// Who may connect, how much each may do, and how they leave.
#[derive(Debug, Args)]
pub(crate) struct Sockets {
    /// This node's name, as clients see it; no two gateways may share one. By default `local`, and on NATS the host's name
    /// with a random end.
    #[arg(long, env = "FANFARE_NODE")]
    pub(crate) node: Option<String>,
    #[command(flatten)]
    pub(crate) browsers: Browsers,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) drain: Drain,
}

/// Who may connect from where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Browsers and proxies")]
pub(crate) struct Browsers {
    /// Origins that pages may connect from, e.g. https://app.example.com; `*` for any. The server's own host is always
    /// allowed, and on a loopback address every loopback page.
    #[arg(
        long,
        env = "FANFARE_ALLOWED_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub(crate) allowed_origins: Vec<String>,
    /// Whether messages of 256 bytes and more are compressed for clients that offer it (permessage-deflate). Each
    /// publication is compressed once, however many read it.
    #[arg(long, env = "FANFARE_COMPRESSION", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) compression: bool,
}

/// How much is too much.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Connections of this node.
    #[arg(long, env = "FANFARE_CONNECTIONS", default_value_t = 100_000)]
    pub(crate) connections: usize,
    /// Connections of one user.
    #[arg(long, env = "FANFARE_CONNECTIONS_PER_USER", default_value_t = 20)]
    pub(crate) connections_per_user: usize,
    /// Connections of one address.
    #[arg(long, env = "FANFARE_CONNECTIONS_PER_ADDRESS", default_value_t = 1_000)]
    pub(crate) connections_per_address: usize,
    /// Subscriptions of one connection.
    #[arg(long, env = "FANFARE_SUBSCRIPTIONS", default_value_t = 128)]
    pub(crate) subscriptions: usize,
    /// Bytes of one message from a client.
    #[arg(long, env = "FANFARE_FRAME_BYTES", default_value_t = 64 * 1024, value_parser = clap::value_parser!(u32).range(1_024..=1_048_576))]
    pub(crate) frame_bytes: u32,
    /// Frames a client may send each second, in the long run.
    #[arg(long, env = "FANFARE_FRAMES_PER_SECOND", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) frames_per_second: u32,
    /// Frames a client may send at once.
    #[arg(long, env = "FANFARE_FRAMES_BURST", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) frames_burst: u32,
    /// Bytes queued for a client that reads slowly.
    #[arg(long, env = "FANFARE_QUEUE_BYTES", default_value_t = 1024 * 1024, value_parser = clap::value_parser!(u32).range(262_144..))]
    pub(crate) queue_bytes: u32,
    /// Frames queued for a client that reads slowly.
    #[arg(long, env = "FANFARE_QUEUE_FRAMES", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(64..))]
    pub(crate) queue_frames: u32,
    /// Seconds between two pings to a client.
    #[arg(long, env = "FANFARE_PING_INTERVAL_SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) ping_interval_seconds: u64,
    /// Seconds without a byte after which a client is gone.
    #[arg(long, env = "FANFARE_SILENCE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) silence_seconds: u64,
    /// Seconds a client has for its first auth frame.
    #[arg(long, env = "FANFARE_AUTH_TIMEOUT_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) auth_timeout_seconds: u64,
}

/// How clients are sent away.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shutdown")]
pub(crate) struct Drain {
    /// Milliseconds over which clients are sent away; by default two for each, 30,000 at most.
    #[arg(long, env = "FANFARE_DRAIN_WINDOW_MS")]
    pub(crate) drain_window_ms: Option<u64>,
}
