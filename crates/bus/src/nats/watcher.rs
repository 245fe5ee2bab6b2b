//! What becomes of a connection, as its readers must know it.

use super::{connect::random_below, connection::Connection, observer::Line};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time,
};

/// Notices that wait for the watcher. The client drops what does not fit into a queue of its own of 128.
pub(super) const NOTICES: usize = 16;

/// Processes that a server sends away leave it spread over this time.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// What the client tells that matters here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    Connected,
    Disconnected,
    Dropped,
    SentAway,
}

pub(super) struct Watcher {
    pub(super) connection: Connection,
    pub(super) line: Line,
    pub(super) notices: mpsc::Receiver<Notice>,
    pub(super) lapse: watch::Sender<u64>,
}

impl Watcher {
    pub(super) async fn run(mut self) {
        let statistics = self.connection.client().statistics();
        // The first one is there already: the subscriptions come after it, and nobody can have missed anything.
        let mut connects = 1;
        while let Some(notice) = self.notices.recv().await {
            match notice {
                Notice::Connected => {}
                Notice::Disconnected => {
                    self.connection.observer().disconnected(self.line);
                    tracing::warn!(
                        connection = self.line.as_str(),
                        "the connection to NATS is lost"
                    );
                }
                Notice::Dropped => {
                    self.connection.observer().dropped(self.line);
                    tracing::warn!(
                        connection = self.line.as_str(),
                        "messages from NATS were dropped: a reader is too slow"
                    );
                    self.lapsed();
                }
                Notice::SentAway => self.leave().await,
            }
            // Counted, because a notice may have found no room.
            let counted = statistics.connects.load(Ordering::Relaxed);
            if counted > connects {
                connects = counted;
                self.connection.observer().reconnected(self.line);
                self.welcome().await;
            }
        }
    }

    async fn welcome(&self) {
        // A connection that is lost again meanwhile sends another notice.
        while self.connection.is_connected() {
            if self.connection.fence().await {
                self.connection.observer().connected(self.line);
                tracing::info!(connection = self.line.as_str(), "connected to NATS again");
                self.lapsed();
                return;
            }
        }
    }

    fn lapsed(&self) {
        self.lapse.send_modify(|lapses| *lapses += 1);
    }

    /// The server is about to stop. Where there is another one, goes there at a moment of its own.
    async fn leave(&self) {
        let others = self
            .connection
            .client()
            .server_pool()
            .await
            .map_or(0, |pool| pool.len());
        if others > 1 {
            time::sleep(random_below(LEAVE_WITHIN)).await;
            tracing::info!(
                connection = self.line.as_str(),
                "leaving a NATS server that stops"
            );
            let _ended = self.connection.client().force_reconnect().await;
        }
    }
}
