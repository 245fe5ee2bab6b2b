//! The command line.

use crate::{
    checker::{Finding, Flaw},
    failure::{During as _, Failure, Outcome},
    output,
    report::{Absent, Report},
    row::{Result as RowResult, Row},
    site::Tools,
    table::table,
};
use clap::{Parser, builder::PossibleValuesParser};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{path::PathBuf, process::ExitCode, thread};
use tokio::signal::unix::{SignalKind, signal};

/// Kill, stop and cut off parts of Fanfare under a workload, and check that nobody misses anything.
///
/// Each row starts an installation of its own: three NATS servers, an auth worker, two notify workers, two chat
/// workers and two gateways, or one standalone process. What was accepted must be seen by every session of the channel once and in order, or the
/// session must have been told a reset; no session may stay connected and hear nothing.
#[derive(Debug, Parser)]
#[command(
    name = "fanfare-faults",
    version,
    after_help = "Exit code 1: a promise was broken, or a row could not be run. Rows that this host does not allow are named and are no error."
)]
struct Cli {
    /// Everything that is left to chance follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run only this row; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Row::ALL.map(Row::name)))]
    row: Vec<String>,
    /// Run three rows, with less time before and after; below 90 seconds in all.
    #[arg(long)]
    short: bool,
    /// The server's binary; by default the one beside this binary.
    #[arg(long, value_name = "PATH")]
    fanfare: Option<PathBuf>,
    /// The NATS server's binary, 2.14 or later; tests/tools/nats.sh finds or installs one.
    #[arg(long, value_name = "PATH")]
    nats_server: Option<PathBuf>,
    /// Where the verdicts are written as JSON.
    #[arg(long, value_name = "PATH", default_value = "target/faults/report.json")]
    out: PathBuf,
    /// Where every process of every row writes its log; what stands there of the same rows is added to.
    #[arg(long, value_name = "DIRECTORY", default_value = "target/faults/logs")]
    logs: PathBuf,
}

/// Findings of a row that are printed.
const SHOWN: usize = 8;

/// Files of a run: two sockets for each of some thousand sessions.
const FILES: u64 = 16_384;

/// Runs what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match run_rows(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            output::aside(&format!("fanfare-faults: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept in every row.
fn run_rows(cli: &Cli) -> Outcome<bool> {
    raise_files()?;
    let fanfare = fanfare(cli)?;
    let data = tempfile::tempdir().during("making a directory for the data")?;
    let mut report = Report {
        seed: cli.seed,
        ..Report::default()
    };
    let mut is_clean = true;
    for row in rows(cli) {
        output::aside(&format!("{} …", row.title()));
        let tools = Tools {
            fanfare: fanfare.clone(),
            nats_server: cli.nats_server.clone(),
            logs: cli.logs.join(row.name()),
            data: data.path().join(row.name()),
        };
        let absent = |reason| Absent {
            fault: row.title(),
            reason,
        };
        match run_row(row, tools, cli.seed, cli.short) {
            Ok(result) => {
                is_clean &= result.is_clean();
                tell(&result, cli.seed);
                report.add(&result);
            }
            Err(Failure::Stopped) => return Err(Failure::Stopped),
            Err(Failure::Unfit(reason)) => report.skipped.push(absent(reason)),
            Err(failure) => {
                is_clean = false;
                output::aside(&format!("  failed with seed {}: {failure}", cli.seed));
                report.failed.push(absent(failure.to_string()));
            }
        }
    }
    output::result(&table(&report));
    report.write(&cli.out)?;
    Ok(is_clean)
}

fn rows(cli: &Cli) -> Vec<Row> {
    let of_default = || match cli.short {
        true => Row::SHORT.to_vec(),
        false => Row::ALL.to_vec(),
    };
    if cli.row.is_empty() {
        return of_default();
    }
    let is_asked_for = |row: &Row| cli.row.iter().any(|name| name == row.name());
    Row::ALL.into_iter().filter(is_asked_for).collect()
}

/// Runs a row in a thread of its own, which a row may move into another network.
fn run_row(row: Row, tools: Tools, seed: u64, is_short: bool) -> Outcome<RowResult> {
    let thread = thread::Builder::new().name(row.name().to_owned());
    let row = thread.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.during("starting a runtime")?.block_on(async {
            let mut terminated =
                signal(SignalKind::terminate()).during("listening for a signal")?;
            // Whatever ends the wait, the row is dropped and ends its processes.
            tokio::select! {
                result = row.run(&tools, seed, is_short) => result,
                _ = tokio::signal::ctrl_c() => Err(Failure::Stopped),
                _ = terminated.recv() => Err(Failure::Stopped),
            }
        })
    });
    let ended = row.during("starting a thread")?.join();
    ended.unwrap_or_else(|_panic| Err(Failure::wrong("it panicked, which is a mistake here")))
}

/// Says what a row has come to, and what was wrong.
fn tell(result: &RowResult, seed: u64) {
    let verdict = &result.verdict;
    output::aside(&format!(
        "  {} accepted, {} delivered, {} never answered; no write for {} ms, {} ms after the begin",
        verdict.accepted,
        verdict.delivered,
        result.unanswered,
        result.write_outage.ms,
        result.write_outage.from_ms
    ));
    if result.is_clean() {
        return;
    }
    if !result.met_its_fault() {
        output::aside("  nothing was stored and not answered, so this has shown nothing");
    }
    output::aside(&format!("  BROKEN with seed {seed}; the first findings:"));
    for finding in verdict.findings.iter().take(SHOWN) {
        output::aside(&format!("    {}", line(finding)));
    }
    for refused in result.refused.iter().take(SHOWN) {
        output::aside(&format!("    refused: {refused}"));
    }
}

fn line(finding: &Finding) -> String {
    let what = match finding.flaw {
        Flaw::Missing => "missing",
        Flaw::Duplicate => "double",
        Flaw::Reordered => "swapped",
        Flaw::Effect => "not as it must be",
        Flaw::Deaf => "deaf: did not hear the last one",
    };
    format!(
        "{what}: {} n {} ({}) at {} ms, session {}",
        finding.channel, finding.n, finding.id, finding.at_ms, finding.session
    )
}

fn fanfare(cli: &Cli) -> Outcome<PathBuf> {
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
    Err(Failure::Wrong(format!(
        "there is no {}: build it with `cargo build -p fanfare`, or name another with --fanfare",
        path.display()
    )))
}

/// Lets this process, and what it starts, have as many sockets as a row needs.
fn raise_files() -> Outcome<()> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= FILES) {
        return Ok(());
    }
    limit.current = Some(limit.maximum.map_or(FILES, |most| most.min(FILES)));
    setrlimit(Resource::Nofile, limit).during("raising the limit on open files")
}
