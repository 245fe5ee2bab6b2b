//! Where answers arrive: one subscription for all of them.
//!
//! The client has the like, but keeps what timed out for good, and takes one answer to a request.

use async_nats::{Client, Message, SubscribeError, Subscriber};
use fanfare_lifecycle::Tasks;
use futures_util::StreamExt as _;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The answers to what one connection asked.
pub(super) struct Inbox {
    prefix: String,
    last: AtomicU64,
    boxes: Arc<Boxes>,
}

#[derive(Default)]
struct Boxes(Mutex<HashMap<u64, mpsc::Sender<Message>>>);

impl Inbox {
    /// The subscription goes ahead of every request on the same connection, so no answer can miss it.
    pub(super) async fn open(
        client: &Client,
        tasks: &Tasks,
        ended: &CancellationToken,
    ) -> Result<Self, SubscribeError> {
        let prefix = client.new_inbox();
        let answers = client.subscribe(format!("{prefix}.*")).await?;
        let boxes = Arc::new(Boxes::default());
        let (deliverer, ended) = (Arc::clone(&boxes), ended.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = deliverer.deliver(answers) => {}
                () = ended.cancelled() => {}
            }
            // Nobody waits for what cannot come any more.
            deliverer.lock().clear();
        });
        Ok(Self {
            prefix,
            last: AtomicU64::new(0),
            boxes,
        })
    }

    /// A place for up to `capacity` answers that nobody has taken yet.
    pub(super) fn mailbox(&self, capacity: usize) -> Mailbox {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(capacity);
        self.boxes.lock().insert(number, sender);
        Mailbox {
            address: format!("{}.{number}", self.prefix),
            number,
            receiver,
            boxes: Arc::clone(&self.boxes),
        }
    }
}

impl Boxes {
    async fn deliver(&self, mut answers: Subscriber) {
        while let Some(answer) = answers.next().await {
            let number = answer.subject.rsplit('.').next().map(str::parse);
            let Some(Ok(number)) = number else {
                continue;
            };
            let mut boxes = self.lock();
            // Whoever asked may have given up. A full box ends there, so that its reader notices.
            if let Some(sender) = boxes.get(&number)
                && sender.try_send(answer).is_err()
            {
                boxes.remove(&number);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, mpsc::Sender<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for answers. Gone when it is dropped; later answers go nowhere.
pub(super) struct Mailbox {
    address: String,
    number: u64,
    receiver: mpsc::Receiver<Message>,
    boxes: Arc<Boxes>,
}

impl Mailbox {
    /// The subject to reply to.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The next answer; `None` when some may have been lost, or the connection has ended. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.receiver.recv().await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.boxes.lock().remove(&self.number);
    }
}
