//! Options of the small tools.

use clap::Args;
use std::path::PathBuf;

/// Where the server is, and how to be let in.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// The server.
    #[arg(long, env = "FANFARE_URL", default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// An API key. By default the one that `fanfare standalone` on this machine keeps in its data directory; any other
    /// server's administrators make one with POST /v1/auth/api-keys.
    #[arg(long, env = "FANFARE_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// The data directory of a server on this machine.
    #[arg(long, env = "FANFARE_DATA_DIR", default_value = "./fanfare-data")]
    pub(crate) data_dir: PathBuf,
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
    after_help = "Examples:\n  fanfare listen alice\n  fanfare listen alice --channel topic:prices --json\n  fanfare listen alice --room lobby\n  fanfare listen --token \"$TOKEN\""
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
    /// A room beyond the inbox, from its newest message on, and to be shown there as present; may be repeated.
    #[arg(long, value_name = "ID")]
    pub(crate) room: Vec<String>,
    /// The user's rooms instead of his inbox: a list of them, and what happens in each.
    #[arg(long)]
    pub(crate) chat: bool,
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
