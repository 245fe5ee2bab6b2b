//! Many thousand client sockets in one thread, and the publishers among them.

mod connect;

pub(crate) use connect::Entrance;

use crate::{
    clock::{self, now_ns},
    fault::{During as _, Fault, Outcome},
    frame::FRAME_BYTES,
    intake::{Fate, Intake},
    publisher::{PUBLISHER, Publishers},
    socket::{Socket, Stage},
};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::{Errno, read, write},
    net::sockopt::socket_error,
};
use std::time::Duration;

/// Read at once, behind the front of a frame that was there.
const READ_BYTES: usize = 2 * FRAME_BYTES;

/// Events taken at once.
const EVENTS: usize = 512;

/// Sockets read between two looks at what is to be published, so that a publication is sent within a fraction of a
/// millisecond of when it is due.
const READS_PER_LOOK: usize = 32;

/// Longest without a look at what is waited for.
const LOOK: Duration = Duration::from_millis(1);

/// A connection that the other side has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Farewell {
    /// The close code; `None`: it went without one.
    pub(crate) code: Option<u16>,
    /// Ordinal of the publication that would have come next.
    pub(crate) next_n: u64,
}

/// The clients of a run.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    sockets: Vec<Option<Socket>>,
    free: Vec<usize>,
    pub(crate) intake: Intake,
    pub(crate) publishers: Option<Publishers>,
    /// Connections that the other side has ended, where that is part of what is measured.
    pub(crate) farewells: Vec<Farewell>,
    /// Whether the other side may end connections.
    pub(crate) may_close: bool,
    /// Connections on their way in at once.
    pub(crate) in_flight: usize,
    fault: Option<String>,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
    opened: u32,
}

impl Crowd {
    /// Nobody yet; `streams` channels or encodings are going to be read.
    pub(crate) fn new(streams: usize) -> Outcome<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).during("making an epoll")?;
        Ok(Self {
            epoll,
            sockets: Vec::new(),
            free: Vec::new(),
            intake: Intake::new(streams),
            publishers: None,
            farewells: Vec::new(),
            may_close: false,
            in_flight: connect::IN_FLIGHT,
            fault: None,
            buffer: vec![0; READ_BYTES],
            events: Vec::with_capacity(EVENTS),
            opened: 0,
        })
    }

    /// Lets publishers in.
    pub(crate) fn add_publishers(&mut self, publishers: Publishers) -> Outcome<()> {
        publishers.register(&self.epoll)?;
        self.publishers = Some(publishers);
        Ok(())
    }

    /// The publishers, which a run with a server has.
    pub(crate) fn publishers(&mut self) -> Outcome<&mut Publishers> {
        let publishers = self.publishers.as_mut();
        publishers.ok_or_else(|| Fault::wrong("there is nobody to publish"))
    }

    /// Reads and publishes until `done`; `what` says in the fault what did not come within `longest`.
    pub(crate) fn run_until(
        &mut self,
        longest: Duration,
        what: &str,
        done: impl FnMut(&mut Self) -> Outcome<bool>,
    ) -> Outcome<()> {
        if self.run_while(longest, done)? {
            return Ok(());
        }
        Err(Fault::wrong(format!(
            "{what} did not come within {longest:?}"
        )))
    }

    /// Reads and publishes until `done`, or for `longest`; whether it is done.
    pub(crate) fn run_while(
        &mut self,
        longest: Duration,
        mut done: impl FnMut(&mut Self) -> Outcome<bool>,
    ) -> Outcome<bool> {
        let until_ns = now_ns() + clock::ns(longest);
        loop {
            self.turn(LOOK)?;
            if done(self)? {
                return Ok(true);
            }
            if now_ns() > until_ns {
                return Ok(false);
            }
        }
    }

    /// Reads and publishes for this long.
    pub(crate) fn run_for(&mut self, time: Duration) -> Outcome<()> {
        let until_ns = now_ns() + clock::ns(time);
        while now_ns() < until_ns {
            self.turn(LOOK)?;
        }
        Ok(())
    }

    /// Takes what there is, or waits for something no longer than `longest`.
    fn turn(&mut self, longest: Duration) -> Outcome<()> {
        self.publish()?;
        let mut events = std::mem::take(&mut self.events);
        clock::wait(&self.epoll, &mut events, longest).during("waiting for events")?;
        for (index, event) in events.iter().enumerate() {
            self.event(event.data.u64(), event.flags)?;
            if index % READS_PER_LOOK == READS_PER_LOOK - 1 {
                self.publish()?;
            }
        }
        self.events = events;
        self.fault
            .take()
            .map_or(Ok(()), |text| Err(Fault::wrong(text)))
    }

    fn publish(&mut self) -> Outcome<()> {
        match &mut self.publishers {
            Some(publishers) => publishers.look(&self.epoll),
            None => Ok(()),
        }
    }

    fn event(&mut self, data: u64, flags: EventFlags) -> Outcome<()> {
        if data & PUBLISHER != 0 {
            return match &mut self.publishers {
                Some(publishers) => publishers.event(&self.epoll, data, flags),
                None => Ok(()),
            };
        }
        let Ok(slot) = usize::try_from(data) else {
            return Ok(());
        };
        let connecting = match self.sockets.get(slot) {
            Some(Some(socket)) => matches!(socket.stage, Stage::Connecting(_)),
            _ => return Ok(()),
        };
        if connecting {
            self.connected(slot)
        } else {
            self.read(slot);
            Ok(())
        }
    }

    /// A connection stands: its request goes out.
    fn connected(&mut self, slot: usize) -> Outcome<()> {
        let Some(socket) = self.sockets[slot].as_mut() else {
            return Ok(());
        };
        socket_error(&socket.fd)
            .during("connecting")?
            .during("connecting")?;
        let interest = EventFlags::IN;
        epoll::modify(
            &self.epoll,
            &socket.fd,
            EventData::new_u64(slot as u64),
            interest,
        )
        .during("watching a socket")?;
        let Stage::Connecting(request) = std::mem::replace(&mut socket.stage, Stage::Upgrading)
        else {
            return Ok(());
        };
        if request.is_empty() {
            self.intake.goes_live(socket);
            return Ok(());
        }
        let written = write(&socket.fd, &request).during("sending an upgrade request")?;
        if written == request.len() {
            Ok(())
        } else {
            Err(Fault::wrong("an upgrade request was sent in part"))
        }
    }

    fn read(&mut self, slot: usize) {
        let Some(socket) = self.sockets[slot].as_mut() else {
            return;
        };
        let kept = socket.partial.take().unwrap_or_default();
        self.buffer[..kept.len()].copy_from_slice(&kept);
        let count = match read(&socket.fd, &mut self.buffer[kept.len()..]) {
            Ok(0) => return self.ended(slot, None),
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => {
                socket.partial = (!kept.is_empty()).then_some(kept);
                return;
            }
            Err(_reset) => return self.ended(slot, None),
        };
        let bytes = &self.buffer[..kept.len() + count];
        match self.intake.take(socket, bytes, now_ns()) {
            Ok(Fate::Open) => {}
            Ok(Fate::Closed(code)) => self.ended(slot, Some(code)),
            Err(text) => {
                self.fault.get_or_insert(text);
            }
        }
    }

    /// The other side has ended a connection.
    fn ended(&mut self, slot: usize, code: Option<u16>) {
        let Some(socket) = self.take(slot) else {
            return;
        };
        if self.may_close {
            let next_n = socket.next_n;
            self.farewells.push(Farewell { code, next_n });
        } else {
            let text = format!("the other side ended a connection, with the code {code:?}");
            self.fault.get_or_insert(text);
        }
    }

    /// Removes a socket; it is closed when what is returned is dropped.
    fn take(&mut self, slot: usize) -> Option<Socket> {
        let socket = self.sockets.get_mut(slot)?.take()?;
        self.free.push(slot);
        self.intake.tally.live -= usize::from(socket.is_live());
        Some(socket)
    }

    /// Closes these sockets, and serves the others meanwhile.
    pub(crate) fn leave(&mut self, slots: &[usize]) -> Outcome<()> {
        for some in slots.chunks(READS_PER_LOOK) {
            for slot in some {
                drop(self.take(*slot));
            }
            self.turn(Duration::ZERO)?;
        }
        Ok(())
    }

    /// Sends `bytes`, which are few, through these sockets.
    pub(crate) fn send(&mut self, slots: &[usize], bytes: &[u8]) -> Outcome<()> {
        for socket in slots.iter().filter_map(|slot| self.sockets[*slot].as_ref()) {
            let written = write(&socket.fd, bytes).during("sending a frame")?;
            if written != bytes.len() {
                return Err(Fault::wrong("a frame was sent in part"));
            }
        }
        Ok(())
    }

    /// Stops reading these sockets, or reads them again. Who does not read does not notice a close either.
    pub(crate) fn stall(&mut self, slots: &[usize], stalled: bool) -> Outcome<()> {
        for slot in slots {
            let Some(socket) = self.sockets[*slot].as_ref() else {
                continue;
            };
            let data = EventData::new_u64(*slot as u64);
            let done = if stalled {
                epoll::delete(&self.epoll, &socket.fd)
            } else {
                epoll::add(&self.epoll, &socket.fd, data, EventFlags::IN)
            };
            done.during("watching a socket")?;
        }
        Ok(())
    }

    /// Ordinal of the publication that this reader gets next; 0: not known, or gone.
    pub(crate) fn next_n(&self, slot: usize) -> u64 {
        self.sockets[slot]
            .as_ref()
            .map_or(0, |socket| socket.next_n)
    }

    /// The client ends' ports of these sockets.
    pub(crate) fn ports(&self, slots: &[usize]) -> Outcome<std::collections::HashSet<u16>> {
        let sockets = slots.iter().filter_map(|slot| self.sockets[*slot].as_ref());
        sockets.map(connect::port).collect()
    }
}
