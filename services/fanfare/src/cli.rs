//! The command line. Every option that has one can also be given by the environment variable its help names.
#![expect(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help on a terminal, where markup is noise"
)]

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use std::path::PathBuf;

/// Real-time notifications for any backend.
///
/// Without a command, starts everything in one process: the WebSocket gateway, auth and notify, on a store in a
/// directory. Nothing else has to be installed.
#[derive(Debug, Parser)]
#[command(name = "fanfare", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) serve: Serve,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start everything in one process (the default).
    Standalone(Box<Serve>),
    /// Print a user's access token, for trying things out.
    Token(Token),
    /// Publish a notification, or live data to a topic.
    Publish(Publish),
    /// Connect as a user and print what arrives; comes back by itself and misses nothing.
    Listen(Listen),
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where everything is kept; created when it is not there.
    #[arg(long, env = "FANFARE_DATA_DIR", default_value = "./fanfare-data")]
    pub(crate) data_dir: PathBuf,
    /// Mebibytes of the store kept in memory; more helps those who read old history.
    #[arg(long, env = "FANFARE_STORE_CACHE_MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) store_cache_mib: u32,
    /// The public address: WebSockets and the HTTP API.
    #[arg(long, env = "FANFARE_LISTEN", default_value = "127.0.0.1:8000")]
    pub(crate) listen: String,
    /// The internal address: /livez, /readyz and /metrics. Do not publish it.
    #[arg(long, env = "FANFARE_ADMIN_LISTEN", default_value = "127.0.0.1:9000")]
    pub(crate) admin_listen: String,
    /// Password of the first administrator, `admin`, on the first start; made up and printed once when not given.
    #[arg(long, env = "FANFARE_ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) admin_password: Option<String>,
    /// This node's name, as clients see it.
    #[arg(long, env = "FANFARE_NODE", default_value = "local")]
    pub(crate) node: String,
    /// What to log, in the syntax of RUST_LOG.
    #[arg(long, env = "FANFARE_LOG", default_value = "info")]
    pub(crate) log: String,
    /// How log lines look.
    #[arg(long, env = "FANFARE_LOG_FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) edge: Edge,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) shutdown: Shutdown,
    #[command(flatten)]
    pub(crate) issuers: Issuers,
}

/// Who may connect from where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Browsers and proxies")]
pub(crate) struct Edge {
    /// Origins that pages may connect from, e.g. https://app.example.com; `*` for any. The server's own host is always
    /// allowed, and on a loopback address every loopback page.
    #[arg(
        long,
        env = "FANFARE_ALLOWED_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub(crate) allowed_origins: Vec<String>,
    /// Networks of proxies whose X-Forwarded-For is believed, e.g. 10.0.0.0/8.
    #[arg(
        long,
        env = "FANFARE_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "NET"
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,
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

/// How to leave.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shutdown")]
pub(crate) struct Shutdown {
    /// Milliseconds to go on accepting after SIGTERM, until every load balancer has seen that the node is not ready.
    #[arg(long, env = "FANFARE_LAME_DUCK_MS", default_value_t = 0)]
    pub(crate) lame_duck_ms: u64,
    /// Milliseconds over which clients are sent away; by default two for each, 30,000 at most.
    #[arg(long, env = "FANFARE_DRAIN_WINDOW_MS")]
    pub(crate) drain_window_ms: Option<u64>,
    /// Seconds after which whatever is left is dropped.
    #[arg(long, env = "FANFARE_GRACE_SECONDS", default_value_t = 60)]
    pub(crate) grace_seconds: u64,
}

/// Whose tokens are accepted beside our own.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tokens of other issuers")]
pub(crate) struct Issuers {
    /// An issuer and where its JSON Web Key Set is: NAME=https://… or NAME=path.
    #[arg(
        long,
        env = "FANFARE_ISSUERS",
        value_delimiter = ',',
        value_name = "NAME=JWKS"
    )]
    pub(crate) issuer: Vec<String>,
    /// What `aud` must be in an issuer's tokens: NAME=AUDIENCE.
    #[arg(
        long,
        env = "FANFARE_AUDIENCES",
        value_delimiter = ',',
        value_name = "NAME=AUD"
    )]
    pub(crate) audience: Vec<String>,
    /// A secret shared with a backend that signs HS256 tokens (Django's usual libraries), at least 32 bytes.
    #[arg(long, env = "FANFARE_HS256_SECRET", hide_env_values = true)]
    pub(crate) hs256_secret: Option<String>,
    /// The `iss` of HS256 tokens; those without `iss` are accepted too.
    #[arg(
        long,
        env = "FANFARE_HS256_ISSUER",
        default_value = "django",
        value_name = "NAME"
    )]
    pub(crate) hs256_issuer: String,
}

/// Where the server is, and how to be let in.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// The server.
    #[arg(long, env = "FANFARE_URL", default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// An API key. By default the one that a server on this machine keeps in its data directory.
    #[arg(long, env = "FANFARE_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// The data directory of a server on this machine.
    #[arg(long, env = "FANFARE_DATA_DIR", default_value = "./fanfare-data")]
    pub(crate) data_dir: PathBuf,
    /// Mebibytes of the store kept in memory; more helps those who read old history.
    #[arg(long, env = "FANFARE_STORE_CACHE_MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) store_cache_mib: u32,
}

/// Print a user's access token.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $(fanfare token alice)\" http://127.0.0.1:8000/v1/inbox"
)]
pub(crate) struct Token {
    /// The user's id, as your backend knows it.
    pub(crate) user: String,
    /// Groups the user is in.
    #[arg(long, value_delimiter = ',')]
    pub(crate) groups: Vec<String>,
    /// Channels beyond his own and what may be done there: PATTERN=r, PATTERN=w or PATTERN=rw.
    #[arg(long, value_name = "PATTERN=RIGHTS")]
    pub(crate) channel: Vec<String>,
    /// How long it is good for.
    #[arg(long, default_value_t = 3_600, value_name = "SECONDS")]
    pub(crate) ttl_seconds: u64,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// Publish a notification, or live data to a topic.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare publish --user alice \"Build finished\"\n  fanfare publish --all \"Maintenance at noon\" --level warning\n  fanfare publish --topic prices --data '{\"EUR\": 1.08}'"
)]
#[command(group(clap::ArgGroup::new("to").required(true).multiple(true)))]
pub(crate) struct Publish {
    /// The title.
    #[arg(required_unless_present_any = ["data", "topic"])]
    pub(crate) title: Option<String>,
    /// To this user; may be repeated.
    #[arg(long, group = "to")]
    pub(crate) user: Vec<String>,
    /// To everybody in this group; may be repeated.
    #[arg(long, group = "to")]
    pub(crate) group: Vec<String>,
    /// To everybody.
    #[arg(long, group = "to")]
    pub(crate) all: bool,
    /// Live data to this topic, instead of a notification.
    #[arg(long, group = "to", requires = "data", conflicts_with_all = ["user", "group", "all", "title", "content", "level"])]
    pub(crate) topic: Option<String>,
    /// JSON that goes along; of a topic, all of it.
    #[arg(long)]
    pub(crate) data: Option<String>,
    /// More words.
    #[arg(long)]
    pub(crate) content: Option<String>,
    /// info, success, warning or error.
    #[arg(long, default_value = "info")]
    pub(crate) level: String,
    /// The same key within a day publishes once.
    #[arg(long)]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// Connect as a user and print what arrives.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare listen alice\n  fanfare listen alice --channel topic:prices --json\n  fanfare listen --token \"$TOKEN\""
)]
pub(crate) struct Listen {
    /// The user to listen as; a token is minted with the API key.
    #[arg(required_unless_present = "token")]
    pub(crate) user: Option<String>,
    /// Listen with this token instead.
    #[arg(
        long,
        env = "FANFARE_TOKEN",
        hide_env_values = true,
        conflicts_with = "user"
    )]
    pub(crate) token: Option<String>,
    /// Groups the user is in.
    #[arg(long, value_delimiter = ',')]
    pub(crate) groups: Vec<String>,
    /// A channel beyond the inbox; may be repeated.
    #[arg(long)]
    pub(crate) channel: Vec<String>,
    /// Start after this place instead of now: CHANNEL~CURSOR; may be repeated.
    #[arg(long)]
    pub(crate) since: Vec<String>,
    /// Print frames as they come, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// End after this many publications.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) server: Server,
}
