//! A connection's reading of a channel, from the request for it to its end.

use crate::shard::{Key, Reading};
use fanfare_proto::{Channel, Position};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{Notify, mpsc, oneshot};

/// How far each shard has written a channel.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) channel: Channel,
    written_n: Box<[AtomicU64]>,
}

impl Progress {
    pub(super) fn new(channel: Channel, shards: usize) -> Self {
        Self {
            channel,
            written_n: std::iter::repeat_with(AtomicU64::default)
                .take(shards)
                .collect(),
        }
    }

    pub(crate) fn set(&self, shard: usize, n: u64) {
        self.written_n[shard].fetch_max(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, shard: usize) -> u64 {
        self.written_n[shard].load(Ordering::Relaxed)
    }
}

/// A connection's reading of a channel. Ends by being dropped.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) reading: Reading,
    pub(crate) progress: Arc<Progress>,
    pub(crate) shard: usize,
    pub(super) departures: Arc<Departures>,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut list = self
            .departures
            .list
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        list.push((self.progress.channel.clone(), self.shard, self.reading));
        drop(list);
        self.departures.some.notify_one();
    }
}

/// Attachments that have ended. At most as many as there were attachments, so it needs no bound of its own.
#[derive(Debug, Default)]
pub(super) struct Departures {
    pub(super) list: Mutex<Vec<(Channel, usize, Reading)>>,
    pub(super) some: Notify,
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
    pub(super) shard: usize,
    pub(super) key: Key,
    pub(super) reply: oneshot::Sender<Attached>,
}

/// Where connections ask the hub.
#[derive(Clone, Debug)]
pub(crate) struct HubHandle {
    pub(super) requests: mpsc::Sender<Request>,
}

impl HubHandle {
    pub(crate) fn has_ended(&self) -> bool {
        self.requests.is_closed()
    }

    /// Attaches a connection to a channel; `None` when the node is ending. Waits for the log when the channel was not
    /// active here. Cancel safe: what was attached for a dropped call is detached.
    pub(crate) async fn attach(
        &self,
        channel: Channel,
        shard: usize,
        key: Key,
    ) -> Option<Attached> {
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
}
