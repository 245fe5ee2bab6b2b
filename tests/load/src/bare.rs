//! The floor that every figure stands on: a process that writes ready bytes to its sockets, one `write(2)` for each
//! frame and socket, and does nothing else. This is the handle of it; [`writer`] is what it runs.

pub(crate) mod writer;

use crate::{
    child::Child,
    clock::now_ns,
    crowd::Crowd,
    fault::{During as _, Fault, Outcome},
    machine::Machine,
    usage::Meter,
};
use rustix::io::ioctl_fionbio;
use std::{
    io::{BufRead as _, ErrorKind, Write as _},
    net::{Ipv4Addr, SocketAddrV4},
    process::Command,
    time::Duration,
};
use writer::Order;

/// Longest that the loop may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running bare loop.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: SocketAddrV4,
    line: String,
    /// Number of its next frame.
    pub(crate) next: u64,
}

impl Bare {
    /// Starts it where the server runs.
    pub(crate) fn start(machine: &Machine) -> Outcome<Self> {
        let own = std::env::current_exe().during("finding the own binary")?;
        let mut command = Command::new(own);
        command.arg("bare");
        let mut child = Child::start(machine, &machine.measured, &mut command)?;
        let port = child.line()?.parse().map_err(|_digits| {
            Fault::wrong("the bare loop did not say on which port it listens")
        })?;
        if let Some(stdout) = &child.stdout {
            // A crowd must go on reading while the loop works, so its answers are looked for and not waited for.
            ioctl_fionbio(stdout.get_ref(), true).during("preparing to hear the bare loop")?;
        }
        Ok(Self {
            child,
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
            line: String::new(),
            next: 1,
        })
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.child.pid())
    }

    /// Gives an order; its answer is still to come.
    pub(crate) fn order(&mut self, order: Order) -> Outcome<()> {
        let stdin = self.child.stdin.as_mut();
        let stdin = stdin.ok_or_else(|| Fault::wrong("the bare loop has no ears"))?;
        stdin
            .write_all(format!("{order}\n").as_bytes())
            .during("telling the bare loop what to do")
    }

    /// Writes `count` frames of `frame_bytes` to each socket, stamped with this moment.
    pub(crate) fn send(&mut self, count: u64, frame_bytes: usize) -> Outcome<()> {
        let first = self.next;
        self.next += count;
        self.order(Order::Send {
            first,
            count,
            frame_bytes,
            sent_ns: now_ns(),
        })
    }

    /// Runs `crowd` until the loop has answered its last order; answers with how many frames it says.
    pub(crate) fn answer(&mut self, crowd: &mut Crowd) -> Outcome<u64> {
        crowd.run_until(PATIENCE, "the bare loop's answer", |_crowd| self.heard())?;
        let line = std::mem::take(&mut self.line);
        let count = line.trim().parse();
        count.map_err(|_digits| Fault::wrong(format!("the bare loop said {line:?}")))
    }

    /// Whether a whole line has come.
    fn heard(&mut self) -> Outcome<bool> {
        let Some(stdout) = &mut self.child.stdout else {
            return Err(Fault::wrong("the bare loop has no voice"));
        };
        match stdout.read_line(&mut self.line) {
            Ok(0) => Err(Fault::wrong("the bare loop has ended")),
            Ok(_) => Ok(self.line.ends_with('\n')),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error).during("hearing the bare loop"),
        }
    }
}
