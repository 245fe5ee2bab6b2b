//! One client socket. It holds no buffer while nothing of a frame is missing.

use crate::upgrade::Greeting;
use rustix::fd::OwnedFd;
use std::rc::Rc;

/// How far a socket has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Once it is connected, this is sent. Empty: nothing is, and it is live.
    Connecting(Box<[u8]>),
    /// The answer to its upgrade is to come.
    Upgrading,
    /// It is welcomed and subscribed; so many `subscribed` are to come.
    Greeting { left: u8 },
    /// It reads publications.
    Live,
}

/// A client socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) fd: OwnedFd,
    pub(crate) stage: Stage,
    pub(crate) greeting: Rc<Greeting>,
    /// Which of the crowd's streams it reads.
    pub(crate) stream: usize,
    /// Whether messages may come deflated.
    pub(crate) compressed: bool,
    /// Ordinal of the publication that must come next; 0: not known yet.
    pub(crate) next_n: u64,
    /// The front of something whose rest has not come.
    pub(crate) partial: Option<Box<[u8]>>,
}

impl Socket {
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Live)
    }
}
