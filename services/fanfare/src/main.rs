//! `fanfare`: every service and the tools, in one binary. The only crate that knows all services.
//!
//! A command that serves becomes a [`plan`] (which services, on which [`back_end`], from [`settings`]); a [`process`] runs
//! it: two [`listener`]s, the [`services`], the [`admin`] port with its [`readiness`], [`traces`], [`signals`], and an end
//! in order. The [`tool`]s are clients of such a server; [`epoch`] is for one that was put back from a backup.

mod admin;
mod back_end;
mod banner;
mod cli;
mod epoch;
mod listener;
mod local_key;
mod measure;
mod node_name;
mod openapi;
mod output;
mod plan;
mod process;
mod readiness;
mod secret_file;
mod services;
mod settings;
mod signals;
mod tool;
mod traces;

use clap::Parser as _;
use cli::{Cli, Command};
use plan::Plan;
use std::process::ExitCode;

/// A gateway holds very many small things for a long time beside large ones that come and go: an allocator that keeps
/// sizes apart needs a third of what the system's needs for that.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Of a process that was started wrongly: nothing was bound or written.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider was there already");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("the runtime could not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            None => process::run(Plan::standalone(cli.standalone)?).await,
            Some(Command::Standalone(options)) => process::run(Plan::standalone(*options)?).await,
            Some(Command::Gateway(options)) => process::run(Plan::gateway(*options)?).await,
            Some(Command::Auth(options)) => process::run(Plan::auth(*options)?).await,
            Some(Command::Notify(options)) => process::run(Plan::notify(*options)?).await,
            Some(Command::Chat(options)) => process::run(Plan::chat(*options)?).await,
            Some(Command::NewEpoch(options)) => epoch::renew(*options).await,
            Some(Command::Token(token)) => tool::token::run(token).await,
            Some(Command::Publish(publish)) => tool::publish::run(publish).await,
            Some(Command::Listen(listen)) => tool::listen::run(listen).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(text)) => {
            output::complain(&text);
            ExitCode::from(EX_USAGE)
        }
        Err(Failure::Work(text)) => {
            output::complain(&text);
            ExitCode::FAILURE
        }
    }
}

/// Why a command ended badly, in words for whoever typed it.
#[derive(Debug)]
enum Failure {
    /// A setting is wrong; nothing has happened.
    Usage(String),
    /// It did not work.
    Work(String),
}

impl Failure {
    fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    fn work(text: impl Into<String>) -> Self {
        Self::Work(text.into())
    }
}
