//! The command line. Every option that has one can also be given by the environment variable its help names.
#![expect(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help on a terminal, where markup is noise"
)]

mod common;
mod issuers;
mod sockets;
mod store;
mod tool;
mod traces;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use common::{Common, LogFormat, Shutdown};
pub(crate) use issuers::Issuers;
pub(crate) use sockets::Sockets;
pub(crate) use store::{Nats, NatsLogin, Store};
pub(crate) use tool::{Listen, Publish, Server, Token};
pub(crate) use traces::Traces;

/// Real-time notifications for any backend.
///
/// Without a command, starts everything in one process: the WebSocket gateway, auth, notify and chat, on a store in a
/// directory. Nothing else has to be installed.
#[derive(Debug, Parser)]
#[command(name = "fanfare", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) standalone: Standalone,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start everything in one process (the default).
    Standalone(Box<Standalone>),
    /// Start a gateway on NATS: WebSockets in, deliveries out.
    Gateway(Box<Gateway>),
    /// Start an auth worker on NATS: logins, tokens and keys.
    Auth(Box<Auth>),
    /// Start a notify worker on NATS: publishing, inboxes and the delivery trail.
    Notify(Box<Notify>),
    /// Start a chat worker on NATS: rooms, messages and their history.
    Chat(Box<Chat>),
    /// After a restore: begin another life of the log, so that no client goes on from what it had seen before.
    NewEpoch(Box<NewEpoch>),
    /// Print a user's access token, for trying things out.
    Token(Token),
    /// Publish a notification, or live data to a topic.
    Publish(Publish),
    /// Connect as a user and print what arrives; comes back by itself and misses nothing.
    Listen(Listen),
}

/// Start everything in one process.
#[derive(Debug, Args)]
pub(crate) struct Standalone {
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) auth: Administrator,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) sockets: Sockets,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// Start a gateway. Any number of them may run, and a client may come to any: none keeps what a restart would lose.
#[derive(Debug, Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) sockets: Sockets,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// Start an auth worker. Any number of them may run: everything they keep is on NATS.
#[derive(Debug, Args)]
pub(crate) struct Auth {
    #[command(flatten)]
    pub(crate) auth: Administrator,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// Start a notify worker. Any number of them may run: everything they keep is on NATS.
#[derive(Debug, Args)]
pub(crate) struct Notify {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// Start a chat worker. Any number of them may run: everything they keep is on NATS.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// After a restore: begin another life of the log.
///
/// A client may have seen what the backup has not. Its cursor is good in a life of the log that is over then: it is told
/// to load what it shows anew. Start nothing before it is done: processes learn of the epoch at their start. On NATS it
/// takes a login that may change streams, as the operator's of deploy/nats does.
#[derive(Debug, Args)]
pub(crate) struct NewEpoch {
    /// Where `fanfare standalone` keeps everything. Not used on NATS.
    #[arg(long, env = "FANFARE_DATA_DIR", default_value = "./fanfare-data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) nats: Nats,
}

/// Who is there first.
#[derive(Debug, Args)]
pub(crate) struct Administrator {
    /// Password of the first administrator, `admin`, on the first start; made up and printed once when not given.
    #[arg(long, env = "FANFARE_ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) admin_password: Option<String>,
    /// A file with that password.
    #[arg(
        long,
        env = "FANFARE_ADMIN_PASSWORD_FILE",
        value_name = "FILE",
        conflicts_with = "admin_password"
    )]
    pub(crate) admin_password_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn help(command: &str) -> String {
        let mut cli = Cli::command();
        let found = cli.find_subcommand_mut(command).unwrap();
        found.render_long_help().to_string()
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn each_command_shows_what_it_needs_and_nothing_else() {
        let everywhere = [
            "--listen",
            "--admin-listen",
            "--log",
            "--grace-seconds",
            "--nats",
            "--issuer",
            "--trusted-proxies",
            "--otlp-endpoint",
        ];
        let of_store = ["--data-dir", "--store-cache-mib"];
        let of_auth = ["--admin-password", "--admin-password-file"];
        let of_gateway = [
            "--node",
            "--connections",
            "--allowed-origins",
            "--drain-window-ms",
        ];
        let all = [&everywhere[..], &of_store, &of_auth, &of_gateway].concat();
        for (command, own) in [
            ("standalone", all.clone()),
            ("gateway", [&everywhere[..], &of_gateway].concat()),
            ("auth", [&everywhere[..], &of_auth].concat()),
            ("notify", everywhere.to_vec()),
            ("chat", everywhere.to_vec()),
        ] {
            let help = help(command);
            let words: Vec<&str> = help.split_whitespace().collect();
            for option in &all {
                assert_eq!(
                    words.contains(option),
                    own.contains(option),
                    "{command} {option}"
                );
            }
        }
    }

    #[test]
    fn what_opens_nats_is_given_whole() {
        let parse = |arguments: &[&str]| {
            let arguments = ["fanfare", "gateway"].iter().chain(arguments);
            Cli::try_parse_from(arguments).map(drop)
        };
        let servers = "nats://a:4222,nats://b:4222";
        let opened = [
            &["--nats", servers][..],
            &[
                "--nats",
                servers,
                "--nats-user",
                "u",
                "--nats-password",
                "p",
            ],
            &[
                "--nats",
                servers,
                "--nats-user",
                "u",
                "--nats-password-file",
                "f",
            ],
            &[
                "--nats",
                servers,
                "--nats-cert",
                "c",
                "--nats-key",
                "k",
                "--nats-ca",
                "a",
            ],
            &[
                "--nats",
                servers,
                "--nats-creds",
                "f",
                "--nats-replicas",
                "3",
            ],
        ];
        for fine in opened {
            assert!(parse(fine).is_ok(), "{fine:?}");
        }
        for wrong in [
            &["--nats-user", "u", "--nats-password", "p"][..],
            &["--nats", servers, "--nats-user", "u"],
            &["--nats", servers, "--nats-password", "p"],
            &["--nats", servers, "--nats-password-file", "f"],
            &[
                "--nats",
                servers,
                "--nats-user",
                "u",
                "--nats-password",
                "p",
                "--nats-password-file",
                "f",
            ],
            &["--nats", servers, "--nats-cert", "c"],
            &["--nats", servers, "--nats-creds", "f", "--nats-nkey", "SU"],
            &[
                "--nats",
                servers,
                "--nats-nkey",
                "SU",
                "--nats-nkey-file",
                "f",
            ],
            &["--nats-nkey-file", "f"],
            &["--nats", servers, "--nats-replicas", "2"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
