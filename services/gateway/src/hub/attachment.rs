//! A connection's reading of a channel, from the request for it to its end.

use crate::{
    replay::Missed,
    seat::{Key, Reading},
};
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
    /// A shard has one reader less of the channel in this slot. Exactly one for each [`Input::Attach`] and
    /// [`Input::AttachLive`]: when all have come, the slot is free.
    ///
    /// [`Input::Attach`]: crate::shard::Input::Attach
    /// [`Input::AttachLive`]: crate::shard::Input::AttachLive
    Left(u16, u32),
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
    /// What was missed since the position in the request up to the head, if it is at hand.
    pub(crate) missed: Option<Missed>,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(super) channel: Channel,
    /// Where its client left off, in this life of the log.
    pub(super) since: Option<Position>,
    pub(super) shard: u16,
    pub(super) key: Key,
    /// The number of the call, under which the shard waits for it.
    pub(super) call: u32,
    pub(super) asker: Asker,
}

/// Who is to be answered.
#[derive(Debug)]
pub(super) enum Asker {
    /// A call, which replays what was missed before the reading is live.
    Call(oneshot::Sender<Attached>),
    /// The shard itself: nothing was missed.
    Shard,
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

    /// Attaches a connection of a shard to a channel, for the `call` that the shard waits for under this number; `None` when
    /// the node is ending. Waits for the log when the channel was not active here. Cancel safe: what was attached for a
    /// dropped call is detached.
    pub(crate) async fn attach(
        &self,
        channel: Channel,
        since: Option<Position>,
        (shard, key): (u16, Key),
        call: u32,
    ) -> Option<Attached> {
        let (reply, attached) = oneshot::channel();
        let request = Request {
            channel,
            since,
            shard,
            key,
            call,
            asker: Asker::Call(reply),
        };
        self.requests.send(request).await.ok()?;
        attached.await.ok()
    }

    /// Asks for a reading that is live from its first moment; the shard gets it as
    /// [`Input::AttachLive`](crate::shard::Input::AttachLive) with this number. `false` when the hub has no room for the
    /// request now, or has ended.
    pub(crate) fn attach_live(&self, channel: Channel, shard: u16, key: Key, call: u32) -> bool {
        let request = Request {
            channel,
            since: None,
            shard,
            key,
            call,
            asker: Asker::Shard,
        };
        self.requests.try_send(request).is_ok()
    }

    /// A shard has one reader less of the channel in this slot.
    pub(crate) fn left(&self, shard: u16, slot: u32) {
        self.departures.add(Departure::Left(shard, slot));
    }
}
