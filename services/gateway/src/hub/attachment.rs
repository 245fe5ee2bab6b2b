//! A connection's reading of a channel, from the request for it to its end.

use crate::seat::{Key, Reading};
use fanfare_proto::{Channel, Position};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};

/// A reading that is beginning. It ends by being dropped, unless it is [kept](Self::keep).
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) reading: Reading,
    pub(super) shard: u16,
    pub(super) departures: Arc<Departures>,
    pub(super) kept: bool,
}

impl Attachment {
    /// The reading has begun: from now on it ends with its subscription.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if !self.kept {
            self.departures
                .add(Departure::GivenUp(self.shard, self.reading));
        }
    }
}

/// How a reading ends.
#[derive(Debug)]
pub(super) enum Departure {
    /// Its subscriber has gone before it began; the shard does not know yet.
    GivenUp(u16, Reading),
    /// A shard has one reader less of the channel with this id. One for each [`Input::Attach`].
    ///
    /// [`Input::Attach`]: crate::shard::Input::Attach
    Left(u16, Channel, u32),
}

/// Readings that have ended. At most as many as there were attachments, so it needs no bound of its own.
#[derive(Debug, Default)]
pub(super) struct Departures {
    list: Mutex<Vec<Departure>>,
    pub(super) some: Notify,
}

impl Departures {
    fn add(&self, departure: Departure) {
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(departure);
        self.some.notify_one();
    }

    pub(super) fn take(&self) -> Vec<Departure> {
        std::mem::take(&mut *self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An attachment, and where the channel stood when it began: what lies before must be replayed, what comes after is
/// held for it until it says [`Input::GoLive`](crate::shard::Input::GoLive).
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) attachment: Attachment,
    pub(crate) head: Position,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(super) channel: Channel,
    pub(super) shard: u16,
    pub(super) key: Key,
    pub(super) reply: oneshot::Sender<Attached>,
}

/// Where connections ask the hub.
#[derive(Clone, Debug)]
pub(crate) struct HubHandle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) departures: Arc<Departures>,
}

impl HubHandle {
    pub(crate) fn has_ended(&self) -> bool {
        self.requests.is_closed()
    }

    /// Attaches a connection to a channel; `None` when the node is ending. Waits for the log when the channel was not
    /// active here. Cancel safe: what was attached for a dropped call is detached.
    pub(crate) async fn attach(&self, channel: Channel, shard: u16, key: Key) -> Option<Attached> {
        let (reply, attached) = oneshot::channel();
        let request = Request {
            channel,
            shard,
            key,
            reply,
        };
        self.requests.send(request).await.ok()?;
        attached.await.ok()
    }

    /// A shard has one reader less of the channel with this id.
    pub(crate) fn left(&self, shard: u16, channel: Channel, id: u32) {
        self.departures.add(Departure::Left(shard, channel, id));
    }
}
