//! A child process of the `fanfare` binary, and what it prints.

use crate::DEADLINE;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
};
use tokio::sync::watch;

/// A running `fanfare`. Killed, by its process id, when it is dropped; its output is shown when the test fails.
pub struct Process {
    child: Child,
    output: watch::Receiver<Output>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Output {
    stdout: String,
    stderr: String,
    closed: usize,
}

/// The binary under test, which the same build put beside this test.
///
/// # Panics
///
/// When it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let path = test
        .parent()
        .and_then(|deps| deps.parent())
        .map(|profile| profile.join("fanfare"))
        .unwrap_or_default();
    assert!(
        path.is_file(),
        "{} is missing: build it first with `cargo build -p fanfare`",
        path.display()
    );
    path
}

impl Process {
    /// Starts `fanfare` with these arguments and, beside the test's own, these variables.
    ///
    /// # Panics
    ///
    /// When the binary is missing or cannot be started.
    #[must_use]
    pub fn start<A: AsRef<OsStr>>(arguments: &[A], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary())
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let (sender, output) = watch::channel(Output::default());
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let readers = vec![
            follow(stdout, sender.clone(), |output| &mut output.stdout),
            follow(stderr, sender, |output| &mut output.stderr),
        ];
        Self {
            child,
            output,
            readers,
        }
    }

    /// Waits until `find` finds something in what was printed on stdout so far.
    ///
    /// # Panics
    ///
    /// When the process ends first, or the deadline passes.
    pub async fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let mut output = self.output.clone();
        let found = output.wait_for(|now| now.closed == 2 || find(&now.stdout).is_some());
        let found = tokio::time::timeout(DEADLINE, found).await;
        let Ok(Ok(now)) = found else {
            panic!("the process did not print {what} in time");
        };
        find(&now.stdout).unwrap_or_else(|| panic!("the process ended before it printed {what}"))
    }

    /// What was printed on stdout so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.output.borrow().stdout.clone()
    }

    /// What was printed on stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.output.borrow().stderr.clone()
    }

    /// Asks the process to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the process to end by itself.
    ///
    /// # Panics
    ///
    /// When the deadline passes.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut output = self.output.clone();
        let closed = output.wait_for(|now| now.closed == 2);
        tokio::time::timeout(DEADLINE, closed)
            .await
            .expect("the process ends in time")
            .expect("its readers live until then");
        self.child.wait().expect("an own child can be waited for")
    }

    /// Ends the process without warning, as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        drop(self.child.wait());
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself, and is not reaped yet, so the id is still its own.
            let _gone = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what the process said"
    )]
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.kill();
        }
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
        let output = self.output.borrow();
        if std::thread::panicking() {
            eprintln!("--- stdout of the process\n{}", output.stdout);
            eprintln!("--- stderr of the process\n{}", output.stderr);
        } else {
            assert!(
                !output.stderr.contains("panicked"),
                "the process panicked:\n{}",
                output.stderr
            );
        }
    }
}

fn follow(
    pipe: impl Read + Send + 'static,
    sender: watch::Sender<Output>,
    part: fn(&mut Output) -> &mut String,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            sender.send_modify(|output| part(output).push_str(&String::from_utf8_lossy(&line)));
            line.clear();
        }
        sender.send_modify(|output| output.closed += 1);
    })
}
