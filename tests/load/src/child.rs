//! A process of a run. Killed, by its process id, when it is dropped.

use crate::{
    fault::{During as _, Fault, Outcome},
    machine::Machine,
};
use rustix::thread::CpuSet;
use std::{
    io::{BufRead as _, BufReader},
    process::{self, ChildStdin, ChildStdout, Command, Stdio},
};

/// A running process, whose standard input and output are pipes.
pub(crate) struct Child {
    process: process::Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts `command` on `cpus`.
    pub(crate) fn start(machine: &Machine, cpus: &CpuSet, command: &mut Command) -> Outcome<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process =
            machine.on(cpus, || command.spawn().during(&format!("starting {name}")))?;
        Ok(Self {
            stdin: process.stdin.take(),
            stdout: process.stdout.take().map(BufReader::new),
            process,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its output; waits for it.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        let stdout = self.stdout.as_mut();
        let stdout = stdout.ok_or_else(|| Fault::wrong("a process's output was taken"))?;
        if stdout
            .read_line(&mut line)
            .during("reading what a process says")?
            == 0
        {
            return Err(Fault::wrong("a process ended before it was ready"));
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself, and is not reaped yet, so the id is still its own.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
