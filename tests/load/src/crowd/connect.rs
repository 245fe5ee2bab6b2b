//! How a crowd comes in.

use super::Crowd;
use crate::{
    clock::now_ns,
    fault::{During as _, Fault, Outcome},
    socket::{Socket, Stage},
    upgrade::Greeting,
};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::Errno,
    net::{
        AddressFamily, Ipv4Addr, SocketAddrV4, SocketFlags, SocketType, bind, connect, getsockname,
        socket_with, sockopt::set_socket_recv_buffer_size,
    },
};
use std::{rc::Rc, time::Duration};

/// Connections on their way in at once: fewer than any listener's backlog holds, so that none waits a second for its
/// SYN to be sent again.
pub(super) const IN_FLIGHT: usize = 100;

/// Longest that a crowd may take to come in.
const PATIENCE: Duration = Duration::from_secs(120);

/// Addresses that clients come from, in turn. A closed connection's port stays taken for a minute, and one address has
/// no more than 28,000.
const ADDRESSES: u32 = 64;

/// How one client comes in.
pub(crate) struct Entrance {
    /// Where it connects to.
    pub(crate) address: SocketAddrV4,
    /// Its upgrade request; empty for who needs none.
    pub(crate) request: Box<[u8]>,
    pub(crate) greeting: Rc<Greeting>,
    /// Which of the crowd's streams it reads.
    pub(crate) stream: usize,
    /// Ordinal of its first publication; 0: the server will say.
    pub(crate) next_n: u64,
    /// Size of its receive buffer in bytes; `None`: the kernel's choice.
    pub(crate) receive_bytes: Option<usize>,
}

impl Crowd {
    /// Lets clients in, a bounded number at once, and returns their slots when all of them are live.
    pub(crate) fn connect(
        &mut self,
        entrances: impl IntoIterator<Item = Entrance>,
    ) -> Outcome<Vec<usize>> {
        let before = self.intake.tally.live;
        let until_ns = now_ns() + crate::clock::ns(PATIENCE);
        let mut entrances = entrances.into_iter();
        let mut slots = Vec::new();
        let mut all_opened = false;
        loop {
            let live = self.intake.tally.live - before;
            while !all_opened && slots.len() < live + self.in_flight {
                match entrances.next() {
                    Some(entrance) => slots.push(self.open(entrance)?),
                    None => all_opened = true,
                }
            }
            if all_opened && live == slots.len() {
                return Ok(slots);
            }
            self.turn(super::LOOK)?;
            if now_ns() > until_ns {
                let all = slots.len();
                return Err(Fault::wrong(format!(
                    "{live} of {all} clients came in within {PATIENCE:?}"
                )));
            }
        }
    }

    fn open(&mut self, entrance: Entrance) -> Outcome<usize> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
            .during("making a socket")?;
        if let Some(bytes) = entrance.receive_bytes {
            set_socket_recv_buffer_size(&fd, bytes).during("setting a receive buffer")?;
        }
        self.opened = self.opened.wrapping_add(1);
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + self.opened % ADDRESSES);
        bind(&fd, &SocketAddrV4::new(from, 0)).during("binding a client's socket")?;
        match connect(&fd, &entrance.address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error).during("connecting"),
        }
        let slot = self.free.pop().unwrap_or(self.sockets.len());
        self.watch_until_connected(&fd, slot)?;
        let socket = Socket {
            fd,
            stage: Stage::Connecting(entrance.request),
            greeting: entrance.greeting,
            stream: entrance.stream,
            compressed: false,
            next_n: entrance.next_n,
            partial: None,
        };
        if slot == self.sockets.len() {
            self.sockets.push(None);
        }
        self.sockets[slot] = Some(socket);
        Ok(slot)
    }

    fn watch_until_connected(&self, fd: &OwnedFd, slot: usize) -> Outcome<()> {
        let data = EventData::new_u64(slot as u64);
        epoll::add(&self.epoll, fd, data, EventFlags::OUT).during("watching a socket")
    }
}

pub(super) fn port(socket: &Socket) -> Outcome<u16> {
    let own = getsockname(&socket.fd).during("asking for a port")?;
    let own = SocketAddrV4::try_from(own).during("asking for a port")?;
    Ok(own.port())
}
