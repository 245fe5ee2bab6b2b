//! Options that say where everything is kept: in a directory, or on NATS.

use clap::Args;
use std::path::PathBuf;

/// A store of this process's own.
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// Where everything is kept; created when it is not there. Not used on NATS.
    #[arg(long, env = "FANFARE_DATA_DIR", default_value = "./fanfare-data")]
    pub(crate) data_dir: PathBuf,
    /// Mebibytes of the store kept in memory; more helps those who read old history. Not used on NATS.
    #[arg(long, env = "FANFARE_STORE_CACHE_MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) store_cache_mib: u32,
}

/// What all processes of one installation share.
#[derive(Debug, Args)]
#[command(next_help_heading = "NATS")]
pub(crate) struct Nats {
    /// Servers of one NATS cluster with JetStream, 2.14 or later, e.g. nats://nats:4222; any of them will do.
    #[arg(long, env = "FANFARE_NATS", value_delimiter = ',', value_name = "URL")]
    pub(crate) nats: Vec<String>,
    #[command(flatten)]
    pub(crate) login: NatsLogin,
    /// Authorities that the servers' certificates are trusted by, as PEM files; by default those of the system.
    #[arg(
        long,
        env = "FANFARE_NATS_CA",
        value_delimiter = ',',
        value_name = "FILE",
        requires = "nats"
    )]
    pub(crate) nats_ca: Vec<PathBuf>,
    /// A certificate for servers that ask for one, as a PEM file.
    #[arg(
        long,
        env = "FANFARE_NATS_CERT",
        value_name = "FILE",
        requires_all = ["nats", "nats_key"]
    )]
    pub(crate) nats_cert: Option<PathBuf>,
    /// The certificate's key, as a PEM file.
    #[arg(
        long,
        env = "FANFARE_NATS_KEY",
        value_name = "FILE",
        requires = "nats_cert"
    )]
    pub(crate) nats_key: Option<PathBuf>,
    /// Servers that keep a copy of everything: 1, or 3 or 5 in a cluster. Counts when the streams are made.
    #[arg(
        long,
        env = "FANFARE_NATS_REPLICAS",
        default_value_t = 1,
        value_name = "NUMBER",
        value_parser = replicas
    )]
    pub(crate) nats_replicas: usize,
    /// Streams that the log is spread over; as many servers of a cluster can share its work. Fixed once they are made, and
    /// the same for every process.
    #[arg(
        long,
        env = "FANFARE_LOG_SHARDS",
        default_value_t = 16,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    pub(crate) log_shards: u16,
}

/// Who a process is to the servers: nobody, or one of these.
#[derive(Debug, Args)]
pub(crate) struct NatsLogin {
    /// A credentials file, as nsc writes it.
    #[arg(
        long,
        env = "FANFARE_NATS_CREDS",
        value_name = "FILE",
        requires = "nats",
        conflicts_with_all = ["nats_user", "nkey"]
    )]
    pub(crate) nats_creds: Option<PathBuf>,
    /// A user's name.
    #[arg(
        long,
        env = "FANFARE_NATS_USER",
        value_name = "NAME",
        requires_all = ["nats", "password"],
        conflicts_with = "nkey"
    )]
    pub(crate) nats_user: Option<String>,
    /// The user's password.
    #[arg(
        long,
        env = "FANFARE_NATS_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        requires = "nats_user",
        group = "password"
    )]
    pub(crate) nats_password: Option<String>,
    /// A file with the user's password, read again at each connect.
    #[arg(
        long,
        env = "FANFARE_NATS_PASSWORD_FILE",
        value_name = "FILE",
        requires = "nats_user",
        group = "password"
    )]
    pub(crate) nats_password_file: Option<PathBuf>,
    /// The seed of a user's nkey: SU….
    #[arg(
        long,
        env = "FANFARE_NATS_NKEY",
        value_name = "SEED",
        hide_env_values = true,
        requires = "nats",
        group = "nkey"
    )]
    pub(crate) nats_nkey: Option<String>,
    /// A file with that seed.
    #[arg(
        long,
        env = "FANFARE_NATS_NKEY_FILE",
        value_name = "FILE",
        requires = "nats",
        group = "nkey"
    )]
    pub(crate) nats_nkey_file: Option<PathBuf>,
}

/// An even number of copies survives no more than one fewer does.
fn replicas(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(replicas @ (1 | 3 | 5)) => Ok(replicas),
        _ => Err("1, 3 or 5".to_owned()),
    }
}
