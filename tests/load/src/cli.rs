//! The command line.

use crate::{
    bare,
    fault::{During as _, Fault, Outcome},
    figures::{self, Bench},
    issuer::Issuer,
    machine::Machine,
    output,
    plan::Plan,
    record::Record,
    server::{BackEnd, Setup},
    table::{markdown, table},
};
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Measure what Fanfare costs on the wire, next to a bare write(2) loop on the same machine.
///
/// Starts the release binary and the bare loop on one CPU and clients on another, all on loopback, and prints one table.
/// A ratio of 1.1 means: a tenth more than doing nothing but the writes. Figures of different machines, and single
/// microseconds, do not compare; ratios mostly do. CPU is the least of several turns, because other work only adds to it;
/// latencies are medians. Expect 10 % of noise all the same.
#[derive(Debug, Parser)]
#[command(
    name = "fanfare-load",
    version,
    after_help = "Every publication carries its number: one that is lost, doubled or out of order ends the run with an error.\nA missed target is shown in the table and is no error."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The server's binary; by default the one beside this binary.
    #[arg(long, global = true, value_name = "PATH")]
    fanfare: Option<PathBuf>,
    /// Where the server keeps its data meanwhile. It writes every publication to disk before it sends it, so a slow disk
    /// is in the latencies; one in memory (/dev/shm) is not. By default the system's directory for temporary files.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Measure a gateway among processes apart, on a NATS server of the run's own, and not one process with everything.
    /// CPU and memory are then the gateway's alone.
    #[arg(long, global = true)]
    nats: bool,
    /// The NATS server's binary; by default the one on PATH.
    #[arg(
        long,
        global = true,
        env = "FANFARE_NATS_SERVER",
        value_name = "PATH",
        default_value = "nats-server"
    )]
    nats_server: PathBuf,
    /// Where the figures are written as JSON, and compared with what stands there. By default target/bench/wire.json, of
    /// a quick run wire-quick.json.
    #[arg(long, global = true, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Measure only these groups of figures; nothing is written then, nor with --nats.
    #[arg(long, global = true, value_delimiter = ',', value_name = "GROUP", value_parser = figures::NAMES)]
    only: Vec<String>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Measure everything, in about nine minutes (the default).
    Full,
    /// Measure with fewer connections and repetitions, in about a minute.
    Quick,
    /// Print the figures of the last full run as a table of Markdown; measures nothing.
    Markdown,
    /// What the bare loop runs: orders on standard input.
    #[command(hide = true)]
    Bare,
}

/// Where the figures of a full run are kept.
const FULL: &str = "target/bench/wire.json";

/// Runs what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Bare) => bare::writer::run(),
        Some(Command::Markdown) => print_markdown(&cli),
        Some(Command::Quick) => bench(&cli, Plan::quick, "target/bench/wire-quick.json"),
        None | Some(Command::Full) => bench(&cli, Plan::full, FULL),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            output::aside(&format!("fanfare-load: {fault}"));
            ExitCode::FAILURE
        }
    }
}

fn print_markdown(cli: &Cli) -> Outcome<()> {
    let path = cli.out.clone().unwrap_or_else(|| FULL.into());
    let record = Record::read(&path)?
        .ok_or_else(|| Fault::wrong(format!("there is no {}: measure first", path.display())))?;
    output::result(&format!(
        "{}\n\n{}",
        record.machine,
        markdown(&record.figures)
    ));
    Ok(())
}

fn bench(cli: &Cli, plan: impl FnOnce(usize) -> Plan, out: &str) -> Outcome<()> {
    let out = cli.out.clone().unwrap_or_else(|| out.into());
    let before = Record::read(&out)?.unwrap_or_default();
    let machine = Machine::prepare()?;
    output::aside(&machine.description);
    warn(&machine);
    let mut bench = Bench {
        plan: plan(machine.sockets),
        setup: Setup {
            binary: binary(cli)?,
            data: cli.data.clone().unwrap_or_else(std::env::temp_dir),
            nats_server: cli.nats_server.clone(),
            back_end: if cli.nats {
                BackEnd::Nats
            } else {
                BackEnd::Embedded
            },
        },
        issuer: Issuer::new()?,
        machine,
    };
    let figures = figures::all(&mut bench, &cli.only)?;
    let machine = bench.machine.description;
    let command: Vec<String> = std::env::args().collect();
    output::result(&format!("{machine}\n{}\n", command.join(" ")));
    output::result(&table(&figures, &before.figures));
    let missed = figures.iter().filter(|figure| figure.met == Some(false));
    output::result(&format!("{} targets were missed", missed.count()));
    if !before.figures.is_empty() && before.machine != machine {
        output::aside(&format!(
            "the run before was made on another machine: {}",
            before.machine
        ));
    }
    if !cli.only.is_empty() || cli.nats {
        return Ok(());
    }
    Record { machine, figures }.write(&out)
}

/// Says what makes the figures worth less.
fn warn(machine: &Machine) {
    if machine.is_shared {
        output::aside(
            "there is one CPU: clients share it with what is measured, and latencies mean little",
        );
    }
    if !machine.is_preferred {
        output::aside(
            "not permitted to run before other work (nice -10): keep the machine quiet meanwhile",
        );
    }
}

fn binary(cli: &Cli) -> Outcome<PathBuf> {
    let path = match &cli.fanfare {
        Some(path) => path.clone(),
        None => {
            let own = std::env::current_exe().during("finding the own binary")?;
            own.with_file_name("fanfare")
        }
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(Fault::wrong(format!(
        "there is no {}: build it with `cargo build --release -p fanfare`, or name another with --fanfare",
        path.display()
    )))
}
