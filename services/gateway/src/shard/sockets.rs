//! Hearing which sockets of a shard are ready, without a task or a timer for each: the shard's own poll, which the
//! runtime hears as one.

use mio::{Events, Poll, Registry};
use std::{io, time::Duration};
use tokio::io::{Interest, unix::AsyncFd};

/// Sockets heard of at once; the others follow in the next turn.
const EVENTS: usize = 512;

pub(super) struct Sockets {
    poll: AsyncFd<Poll>,
    events: Events,
}

impl Sockets {
    pub(super) fn open() -> io::Result<(Self, Registry)> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe: the caller must warrant that the descriptor stays open and the same, \
                      which a mio poll, whose owned descriptor it is, does"
        )]
        let poll = AsyncFd::with_interest(poll, Interest::READABLE)?;
        let sockets = Self {
            poll,
            events: Events::with_capacity(EVENTS),
        };
        Ok((sockets, registry))
    }

    /// Waits until [`events`](Self::events) has some. Cancel safe: what a dropped call would have found is found by the
    /// next one.
    pub(super) async fn ready(&mut self) -> io::Result<()> {
        loop {
            let mut guard = self.poll.readable_mut().await?;
            look(guard.get_inner_mut(), &mut self.events)?;
            if !self.events.is_empty() {
                return Ok(());
            }
            guard.clear_ready();
        }
    }

    /// Looks without waiting.
    pub(super) fn look(&mut self) -> io::Result<()> {
        look(self.poll.get_mut(), &mut self.events)
    }

    pub(super) const fn events(&self) -> &Events {
        &self.events
    }
}

fn look(poll: &mut Poll, events: &mut Events) -> io::Result<()> {
    match poll.poll(events, Some(Duration::ZERO)) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        outcome => outcome,
    }
}
