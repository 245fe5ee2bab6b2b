//! [`Log`] over the store.

use super::{
    queue::{Ended, Op},
    read::Snapshot,
    schema::LogTables,
    store::{ReadError, Store},
};
use crate::{
    error::LogError,
    feed::{FedReader, Feed},
    log::{
        Append, Appended, Head, Log, MANY, Page, Record, Slice, TAIL, Tail, check_append,
        check_appends, check_id,
    },
};
use async_trait::async_trait;
use fanfare_proto::{Channel, Position};
use redb::ReadTransaction;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Heads that are read at once without asking another thread: some tens of microseconds.
const INLINE_HEADS: usize = 32;

impl From<Ended> for LogError {
    fn from(_ended: Ended) -> Self {
        Self::Unavailable
    }
}

impl From<ReadError> for LogError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Ended => Self::Unavailable,
            ReadError::Engine(error) => {
                tracing::error!(%error, "the store failed to read");
                Self::Store
            }
        }
    }
}

impl Store {
    /// Queues what `op` makes and waits for its answer.
    async fn ask<T>(
        &self,
        op: impl FnOnce(oneshot::Sender<Result<T, LogError>>) -> Op + Send,
    ) -> Result<T, LogError> {
        let (answer, answered) = oneshot::channel();
        self.write(op(answer)).await?;
        answered.await.map_err(|_dropped| LogError::Store)?
    }

    fn snapshot(&self) -> impl Fn(&ReadTransaction) -> Result<Snapshot, ReadError> + use<> {
        let now_ms = self.shared.clock.now_ms();
        move |reading| {
            let tables = LogTables::open(reading)?;
            Ok(Snapshot { tables, now_ms })
        }
    }
}

#[async_trait]
impl Log for Store {
    async fn append(&self, append: Append) -> Result<Appended, LogError> {
        let appended = self.append_all(vec![append]).await?;
        appended.first().copied().ok_or(LogError::Store)
    }

    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        check_appends(&appends)?;
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|answer| Op::Append { appends, answer }).await
    }

    fn shard(&self, _channel: &Channel) -> u16 {
        0
    }

    fn epoch(&self, _channel: &Channel) -> u32 {
        self.epoch
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        if channels.len() > MANY {
            return Err(LogError::TooLarge);
        }
        let snapshot = self.snapshot();
        if channels.len() <= INLINE_HEADS {
            return Ok(self.shared.read(|reading| {
                let snapshot = snapshot(reading)?;
                channels
                    .iter()
                    .map(|channel| snapshot.head(channel))
                    .collect()
            })?);
        }
        let channels = channels.to_vec();
        let heads = self.shared.read_many(move |reading| {
            let snapshot = snapshot(reading)?;
            channels
                .iter()
                .map(|channel| snapshot.head(channel))
                .collect()
        });
        Ok(heads.await?)
    }

    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError> {
        let (snapshot, channel) = (self.snapshot(), channel.clone());
        let limit = limit.clamp(1, MANY);
        let page = self
            .shared
            .read_many(move |reading| snapshot(reading)?.read(&channel, after, upto, limit));
        page.await?
    }

    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError> {
        let (snapshot, channel) = (self.snapshot(), channel.clone());
        let limit = limit.clamp(1, MANY);
        let page = self
            .shared
            .read_many(move |reading| snapshot(reading)?.history(&channel, slice, limit));
        Ok(page.await?)
    }

    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError> {
        let snapshot = self.snapshot();
        Ok(self
            .shared
            .read(|reading| snapshot(reading)?.get(channel, n))?)
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        let feed = Arc::new(Feed::new(TAIL));
        let tail = Arc::downgrade(&feed);
        let opened = self.ask(|answer| Op::Tail { tail, answer }).await;
        opened.map_err(|_not_opened| LogError::Unavailable)?;
        Ok(Box::new(FedReader { feed, _leaves: () }))
    }

    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError> {
        check_append(&append)?;
        check_id(key)?;
        let key = key.to_owned();
        self.ask(|answer| Op::Schedule {
            at_ms,
            key,
            append,
            answer,
        })
        .await
    }

    async fn cancel(&self, key: &str) -> Result<bool, LogError> {
        let key = key.to_owned();
        self.ask(|answer| Op::Cancel { key, answer }).await
    }

    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError> {
        let channel = channel.clone();
        self.ask(|answer| Op::Delete { channel, n, answer }).await
    }

    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError> {
        let channel = channel.clone();
        self.ask(|answer| Op::Trim {
            channel,
            first_n,
            answer,
        })
        .await
    }
}
