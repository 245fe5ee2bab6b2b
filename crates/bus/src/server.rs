//! One server: a responder and what is under way for it.

use crate::bus::{Message, Responder};
use bytes::Bytes;
use fanfare_lifecycle::{Shutdown, Tasks};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};
use tokio::sync::{Semaphore, mpsc};

/// Most requests one server answers at the same time; others wait. What a responder holds meanwhile (a body, a few rows)
/// stays below some hundred MiB.
const RUNNING: usize = 1_024;

/// Most requests that run or wait. A server that is further behind answers nobody in time any more.
const PENDING: usize = 8_192;

/// Where an answer goes.
pub(crate) trait Reply: Send + 'static {
    /// Sends it, if somebody still waits for it.
    fn answer(self, answer: Bytes) -> impl Future<Output = ()> + Send;
}

impl Reply for mpsc::Sender<Bytes> {
    async fn answer(self, answer: Bytes) {
        // Whoever asked may have given up.
        let _gone = self.send(answer).await;
    }
}

pub(crate) struct Server {
    responder: Responder,
    running: Semaphore,
    pending: AtomicUsize,
    taken: AtomicU64,
    /// It has refused requests, and is not idle since.
    overloaded: AtomicBool,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Server {
    pub(crate) fn new(responder: Responder, tasks: Tasks, shutdown: Shutdown) -> Self {
        Self {
            responder,
            running: Semaphore::new(RUNNING),
            pending: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            overloaded: AtomicBool::new(false),
            tasks,
            shutdown,
        }
    }

    /// Grows with what is under way, then with what was done: the smallest of a group is next.
    pub(crate) fn load(&self) -> (usize, u64) {
        (
            self.pending.load(Ordering::Relaxed),
            self.taken.load(Ordering::Relaxed),
        )
    }

    /// Answers `message` in a task of its own, to `reply` when somebody waits for it; `false` when too much is under way.
    pub(crate) fn handle<R: Reply>(self: &Arc<Self>, message: Message, reply: Option<R>) -> bool {
        let pending = Pending::enter(self);
        if self.pending.load(Ordering::Relaxed) > PENDING {
            if !self.overloaded.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    subject = message.subject,
                    "a server is overloaded and refuses requests; this is said again once it has caught up"
                );
            }
            return false;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.tasks.spawn(async move {
            let server = &pending.0;
            let answer = async {
                // Closed by nobody, so this only waits.
                let _running = server.running.acquire().await;
                (server.responder)(message).await
            };
            tokio::select! {
                () = server.shutdown.forced() => {}
                answer = answer => if let Some(reply) = reply {
                    reply.answer(answer).await;
                },
            }
        });
        true
    }
}

/// Counts one request for as long as it is under way.
struct Pending(Arc<Server>);

impl Pending {
    fn enter(server: &Arc<Server>) -> Self {
        server.pending.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(server))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.0.pending.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.overloaded.store(false, Ordering::Relaxed);
        }
    }
}
