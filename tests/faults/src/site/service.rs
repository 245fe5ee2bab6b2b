//! One `fanfare` process, at addresses that it keeps.

use super::{Tools, log_of};
use crate::{
    failure::{Failure, Outcome},
    net::{Asker, free_port, until},
    process::Process,
};
use rustix::process::Signal;
use std::{path::PathBuf, process::Command, time::Duration};

const HOST: &str = "127.0.0.1";

/// Longest that a process takes to get ready: it may have to wait for a cluster to choose its leaders.
const READY: Duration = Duration::from_secs(60);

/// Longest that a drain takes here; the processes are told less.
const DRAIN: Duration = Duration::from_secs(30);

/// What every gateway is told: many clients have one address here, and a drain is not to take the whole row.
const OF_GATEWAYS: [&str; 6] = [
    "--connections-per-address",
    "100000",
    "--connections-per-user",
    "100000",
    "--drain-window-ms",
    "3000",
];

/// A process, running or not.
pub(crate) struct Service {
    name: String,
    binary: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    authority: String,
    admin_url: String,
    process: Option<Process>,
    asker: Asker,
}

impl Service {
    /// Starts `fanfare <command>` and waits until it is ready.
    pub(crate) async fn start(
        tools: &Tools,
        name: &str,
        command: &str,
        arguments: &[&str],
    ) -> Outcome<Self> {
        let authority = format!("{HOST}:{}", free_port(HOST)?);
        let admin = format!("{HOST}:{}", free_port(HOST)?);
        let own = [command, "--listen", &authority, "--admin-listen", &admin];
        let of_gateways = match command {
            "gateway" | "standalone" => &OF_GATEWAYS[..],
            _ => &[],
        };
        let arguments = [&own, arguments, of_gateways].concat();
        let mut service = Self {
            name: name.to_owned(),
            binary: tools.fanfare.clone(),
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            log: log_of(tools, name),
            authority,
            admin_url: format!("http://{admin}"),
            process: None,
            asker: Asker::new()?,
        };
        service.resume().await?;
        Ok(service)
    }

    /// `host:port` of its public address.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Its public address as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again, at the same addresses, and waits until it is ready.
    pub(crate) async fn resume(&mut self) -> Outcome<()> {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments);
        let process = Process::start(&self.name, &self.log, &mut command)?;
        self.process = Some(process);
        self.ready().await
    }

    /// Waits until it says that it can do its job.
    pub(crate) async fn ready(&mut self) -> Outcome<()> {
        let (asker, url) = (self.asker.clone(), format!("{}/readyz", self.admin_url));
        let what = format!("{} is ready", self.name);
        until(&what, READY, async || {
            self.is_running()?;
            Ok(asker.is_fine(&url).await.then_some(()))
        })
        .await
    }

    /// Asks it to end, and waits until it has, which must be clean.
    pub(crate) async fn drain(&mut self) -> Outcome<()> {
        let Some(mut process) = self.process.take() else {
            return Err(Failure::Wrong(format!("{} is not running", self.name)));
        };
        process.signal(Signal::TERM)?;
        let status = process.ended(DRAIN).await?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::Wrong(format!("{} ended with {status}", self.name)))
    }

    /// An error, when it has ended by itself.
    pub(crate) fn is_running(&mut self) -> Outcome<()> {
        self.process.as_mut().map_or(Ok(()), Process::is_running)
    }
}
