//! A process of a row. Killed, by its process id, when it is dropped.

use crate::failure::{During as _, Failure, Outcome};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::OpenOptions,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use tokio::time::Instant;

/// Between two looks at a process that is to end.
const LOOK: Duration = Duration::from_millis(20);

/// A running process, whose output goes to a file.
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command`; what it writes is added to the file `log`.
    pub(crate) fn start(name: &str, log: &Path, command: &mut Command) -> Outcome<Self> {
        let during = format!("starting {name}");
        let output = OpenOptions::new().create(true).append(true).open(log);
        let output = output.during(&format!("opening {}", log.display()))?;
        let errors = output.try_clone().during(&during)?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        Ok(Self {
            name: name.to_owned(),
            child: command.spawn().during(&during)?,
        })
    }

    /// Ends it without warning, as a crash does, and waits until it is gone. A stopped process ends too.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself, and is not reaped yet, so the id is still its own.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// Sends `signal`.
    pub(crate) fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::wrong("a process has no id"))?;
        kill_process(pid, signal).during(&format!("sending a signal to {}", self.name))
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self, limit: Duration) -> Outcome<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            let status = self.child.try_wait();
            if let Some(status) = status.during(&format!("waiting for {}", self.name))? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                let late = format!("{} has not ended after {limit:?}", self.name);
                return Err(Failure::Wrong(late));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// An error, when it has ended.
    pub(crate) fn is_running(&mut self) -> Outcome<()> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(Failure::Wrong(format!("{} ended: {status}", self.name))),
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
