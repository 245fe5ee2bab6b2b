//! The real store, with moments at which it lets a worker down.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Handles, Kv, KvError, Log, LogError, Tail, Watch,
    kv::{self, Op},
    log::{Append, Appended, Head, Page, Record, Slice},
};
use fanfare_proto::{Channel, Position};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::sync::Notify;

/// What goes wrong.
#[derive(Default)]
pub(crate) struct Faults {
    /// So many of the next appends are done, and their answers lost.
    pub(crate) lost_answers: AtomicUsize,
    /// The next append is done, and then the records are away for good: the worker is as good as dead.
    pub(crate) dies_after_append: AtomicBool,
    records_away: AtomicBool,
    /// The second read of the record under this key waits, once, until it is released.
    pub(crate) held: Mutex<Option<String>>,
    seen: AtomicBool,
    pub(crate) reached: Notify,
    pub(crate) release: Notify,
    /// Records read.
    pub(crate) gets: AtomicUsize,
}

impl Faults {
    /// `handles` with these faults.
    pub(crate) fn over(self: &Arc<Self>, handles: &Handles) -> Handles {
        Handles {
            bus: Arc::clone(&handles.bus),
            log: Arc::new(Faulty {
                inner: Arc::clone(&handles.log),
                faults: Arc::clone(self),
            }),
            kv: Arc::new(Faulty {
                inner: Arc::clone(&handles.kv),
                faults: Arc::clone(self),
            }),
        }
    }

    async fn hold(&self, key: &str) {
        let is_held = self.held.lock().unwrap().as_deref() == Some(key);
        if is_held && self.seen.swap(true, Ordering::SeqCst) {
            *self.held.lock().unwrap() = None;
            self.reached.notify_one();
            self.release.notified().await;
        }
    }

    fn records(&self) -> Result<(), KvError> {
        if self.records_away.load(Ordering::SeqCst) {
            return Err(KvError::Unavailable);
        }
        Ok(())
    }
}

struct Faulty<T: ?Sized> {
    inner: Arc<T>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Log for Faulty<dyn Log> {
    async fn append(&self, append: Append) -> Result<Appended, LogError> {
        self.inner.append(append).await
    }

    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        let appended = self.inner.append_all(appends).await?;
        if self.faults.dies_after_append.load(Ordering::SeqCst) {
            self.faults.records_away.store(true, Ordering::SeqCst);
        }
        let lost = &self.faults.lost_answers;
        let take = lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        match take {
            Ok(_left) => Err(LogError::Unavailable),
            Err(_none) => Ok(appended),
        }
    }

    fn shard(&self, channel: &Channel) -> u16 {
        self.inner.shard(channel)
    }

    fn epoch(&self, channel: &Channel) -> u32 {
        self.inner.epoch(channel)
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        self.inner.heads(channels).await
    }

    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.inner.read(channel, after, upto, limit).await
    }

    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.inner.history(channel, slice, limit).await
    }

    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError> {
        self.inner.get(channel, n).await
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        self.inner.tail().await
    }

    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError> {
        self.inner.schedule(at_ms, key, append).await
    }

    async fn cancel(&self, key: &str) -> Result<bool, LogError> {
        self.inner.cancel(key).await
    }

    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError> {
        self.inner.delete(channel, n).await
    }

    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError> {
        self.inner.trim(channel, first_n).await
    }
}

#[async_trait]
impl Kv for Faulty<dyn Kv> {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<kv::Record>, KvError> {
        self.faults.records()?;
        self.faults.gets.fetch_add(1, Ordering::SeqCst);
        self.faults.hold(key).await;
        self.inner.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: kv::Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError> {
        self.faults.records()?;
        self.inner.put(bucket, key, value, expect, ttl_ms).await
    }

    async fn delete(&self, bucket: &str, key: &str, expect: kv::Expect) -> Result<(), KvError> {
        self.faults.records()?;
        self.inner.delete(bucket, key, expect).await
    }

    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError> {
        self.faults.records()?;
        self.inner.batch(bucket, ops).await
    }

    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<kv::Record>, KvError> {
        self.faults.records()?;
        self.inner.scan(bucket, prefix, after, limit).await
    }

    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError> {
        self.faults.records()?;
        self.inner.watch(bucket, prefix).await
    }
}
