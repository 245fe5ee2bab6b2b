//! Watches: what is there, then what changes, in the order of the stream.
//!
//! A slow watch misses nothing: what it has not taken waits in the stream, at most one message a key. It begins anew
//! when the connection was gone, or when its consumer is.

use super::{
    bucket::{Bucket, is_marker},
    consumer::{Broken, Consumer, Delivered},
};
use crate::{
    kv::{Change, Record, Watch},
    nats::{connection::Connection, refusal::Refusal, stored::is_copy},
};
use async_trait::async_trait;
use fanfare_lifecycle::Tasks;
use std::{collections::HashSet, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time,
};

/// Changes that wait for the reader here; the others wait with the consumer.
const WAITING: usize = 16;

/// Between two tries to begin anew.
const BEGIN_PAUSE: Duration = Duration::from_millis(250);

pub(super) struct NatsWatch(mpsc::Receiver<Change>);

#[async_trait]
impl Watch for NatsWatch {
    async fn next(&mut self) -> Option<Change> {
        self.0.recv().await
    }
}

/// Follows `prefix` from now on.
pub(super) async fn open(
    connection: &Connection,
    bucket: Bucket,
    prefix: &str,
    tasks: &Tasks,
) -> Result<NatsWatch, Refusal> {
    let (changes, changed) = mpsc::channel(WAITING);
    let mut lapses = connection.lapses();
    lapses.mark_unchanged();
    let mut follower = Follower {
        connection: connection.clone(),
        bucket,
        prefix: prefix.to_owned(),
        lapses,
        changes,
    };
    let begun = follower.begin().await?;
    let ended = connection.ended();
    tasks.spawn(async move {
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            () = follower.run(begun) => {}
        }
    });
    Ok(NatsWatch(changed))
}

struct Follower {
    connection: Connection,
    bucket: Bucket,
    prefix: String,
    lapses: watch::Receiver<u64>,
    changes: mpsc::Sender<Change>,
}

/// A place in the stream.
struct Begun {
    consumer: Consumer,
    /// Everything up to here was there when the watch began.
    fence_seq: u64,
    /// The keys that were told to be there, until everything is told; `None` from then on.
    told: Option<HashSet<String>>,
}

/// The reader is gone, or the connection has ended.
struct Left;

impl Follower {
    /// The fence comes first, so the consumer passes it on its way, wherever it runs.
    async fn begin(&mut self) -> Result<Begun, Refusal> {
        self.lapses.mark_unchanged();
        let fence_seq = self.bucket.fence(&self.connection).await?;
        let filters = [
            self.bucket.filter(&self.prefix),
            self.bucket.fence_subject(),
        ];
        Ok(Begun {
            consumer: Consumer::make(&self.connection, &self.bucket, &filters).await?,
            fence_seq,
            told: Some(HashSet::new()),
        })
    }

    async fn run(mut self, mut begun: Begun) {
        loop {
            if let Err(Left) = self.follow(&mut begun).await {
                begun.consumer.remove().await;
                return;
            }
            if self.changes.send(Change::Resync).await.is_err() {
                return;
            }
            begun = loop {
                match self.begin().await {
                    Ok(begun) => break begun,
                    Err(_away) if self.changes.is_closed() => return,
                    Err(_away) => time::sleep(BEGIN_PAUSE).await,
                }
            };
        }
    }

    /// Tells what comes, until something may be missing.
    async fn follow(&mut self, begun: &mut Begun) -> Result<(), Left> {
        loop {
            let delivered = tokio::select! {
                biased;
                () = self.changes.closed() => return Err(Left),
                // Nobody counts any more once the connection has ended.
                lapsed = self.lapses.changed() => return lapsed.map_err(|_ended| Left),
                delivered = begun.consumer.next() => delivered,
            };
            match delivered {
                Ok(delivered) => self.tell(begun, delivered).await?,
                Err(Broken) => {
                    tracing::info!(
                        stream = self.bucket.stream(),
                        "a watch begins anew: its consumer is gone"
                    );
                    return Ok(());
                }
            }
        }
    }

    async fn tell(&self, begun: &mut Begun, delivered: Delivered) -> Result<(), Left> {
        let Delivered { seq, message } = delivered;
        let is_fence = *message.subject == *self.bucket.fence_subject();
        if begun.told.is_some() && (seq > begun.fence_seq || is_fence && seq == begun.fence_seq) {
            begun.told = None;
            self.send(Change::Settled).await?;
        }
        let Some(key) = self.bucket.key(&message.subject) else {
            return Ok(());
        };
        let headers = message.headers.as_ref();
        if !key.starts_with(&self.prefix) || headers.is_some_and(|headers| is_copy(headers, 0)) {
            return Ok(());
        }
        if headers.is_some_and(is_marker) {
            // What was never told to be there is not told to be gone.
            let is_news = begun.told.as_mut().is_none_or(|told| told.remove(&key));
            return if is_news {
                self.send(Change::Gone(key)).await
            } else {
                Ok(())
            };
        }
        if let Some(told) = &mut begun.told {
            told.insert(key.clone());
        }
        let value = message.payload;
        self.send(Change::Put(Record {
            key,
            value,
            revision: seq,
        }))
        .await
    }

    async fn send(&self, change: Change) -> Result<(), Left> {
        self.changes.send(change).await.map_err(|_dropped| Left)
    }
}
