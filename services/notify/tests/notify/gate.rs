//! The real store, with places where a test steps in: a request stops there, or is told that the store is away.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Handles, Kv, KvError, Log, LogError, Tail, Watch,
    kv::{self, Op},
    log::{Append, Appended, Head, Page, Slice},
};
use fanfare_proto::{Channel, Position};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Notify;

/// Where the worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// The key is claimed, nothing is appended.
    BeforeAppend,
    /// Appended, and nothing else.
    AfterAppend,
    /// Everything is done but the answer.
    BeforeAnswer,
}

/// What a test does at the places.
#[derive(Default)]
pub(crate) struct Control {
    /// Requests stop here until they are released; never released, their worker is dead.
    stop: Option<Death>,
    pub(crate) reached: Arc<Notify>,
    pub(crate) release: Notify,
    /// So many of the next `heads` find the log away.
    pub(crate) heads_away: AtomicUsize,
    /// Calls of `heads` under way stop while there are fewer than this.
    pub(crate) heads_together: AtomicUsize,
    heads_inside: AtomicUsize,
    pub(crate) heads_most: AtomicUsize,
    /// The record of a notification was looked for, and is not there.
    pub(crate) unrecorded: Notify,
    /// Records written, or tried to.
    pub(crate) puts: AtomicUsize,
}

impl Control {
    pub(crate) fn stopping(stop: Death) -> Arc<Self> {
        Arc::new(Self {
            stop: Some(stop),
            ..Self::default()
        })
    }

    /// `handles` with these places.
    pub(crate) fn over(self: &Arc<Self>, handles: &Handles) -> Handles {
        Handles {
            bus: Arc::clone(&handles.bus),
            log: Arc::new(Gate {
                inner: Arc::clone(&handles.log),
                control: Arc::clone(self),
            }),
            kv: Arc::new(Gate {
                inner: Arc::clone(&handles.kv),
                control: Arc::clone(self),
            }),
        }
    }
}

struct Gate<T: ?Sized> {
    inner: Arc<T>,
    control: Arc<Control>,
}

impl<T: ?Sized> Gate<T> {
    async fn at(&self, death: Death) {
        if self.control.stop == Some(death) {
            self.control.reached.notify_one();
            self.control.release.notified().await;
        }
    }
}

/// `handles` with a place where the worker dies, and what is told when it is reached.
pub(crate) fn dying(handles: &Handles, death: Death) -> (Handles, Arc<Notify>) {
    let control = Control::stopping(death);
    (control.over(handles), Arc::clone(&control.reached))
}

#[async_trait]
impl Log for Gate<dyn Log> {
    async fn append(&self, append: Append) -> Result<Appended, LogError> {
        self.at(Death::BeforeAppend).await;
        let appended = self.inner.append(append).await;
        self.at(Death::AfterAppend).await;
        appended
    }

    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        self.at(Death::BeforeAppend).await;
        let appended = self.inner.append_all(appends).await;
        self.at(Death::AfterAppend).await;
        appended
    }

    fn shard(&self, channel: &Channel) -> u16 {
        self.inner.shard(channel)
    }

    fn epoch(&self, channel: &Channel) -> u32 {
        self.inner.epoch(channel)
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        let control = &self.control;
        let away = control
            .heads_away
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if away.is_ok() {
            return Err(LogError::Unavailable);
        }
        let inside = control.heads_inside.fetch_add(1, Ordering::SeqCst) + 1;
        control.heads_most.fetch_max(inside, Ordering::SeqCst);
        while control.heads_most.load(Ordering::SeqCst)
            < control.heads_together.load(Ordering::SeqCst)
        {
            tokio::task::yield_now().await;
        }
        // Whoever else gets in does so now.
        for _turn in 0..if control.heads_together.load(Ordering::SeqCst) > 0 {
            1_000
        } else {
            0
        } {
            tokio::task::yield_now().await;
        }
        let heads = self.inner.heads(channels).await;
        control.heads_inside.fetch_sub(1, Ordering::SeqCst);
        heads
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

    async fn get(
        &self,
        channel: &Channel,
        n: u64,
    ) -> Result<Option<fanfare_bus::log::Record>, LogError> {
        self.inner.get(channel, n).await
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        self.inner.tail().await
    }

    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError> {
        self.at(Death::BeforeAppend).await;
        let scheduled = self.inner.schedule(at_ms, key, append).await;
        self.at(Death::AfterAppend).await;
        scheduled
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
impl Kv for Gate<dyn Kv> {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<kv::Record>, KvError> {
        let found = self.inner.get(bucket, key).await;
        if matches!(found, Ok(None)) && bucket == "trail" && key.starts_with("notification/") {
            self.control.unrecorded.notify_one();
        }
        found
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: kv::Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError> {
        self.control.puts.fetch_add(1, Ordering::SeqCst);
        if bucket == "idempotency" && expect != kv::Expect::Absent {
            self.at(Death::BeforeAnswer).await;
        }
        self.inner.put(bucket, key, value, expect, ttl_ms).await
    }

    async fn delete(&self, bucket: &str, key: &str, expect: kv::Expect) -> Result<(), KvError> {
        self.inner.delete(bucket, key, expect).await
    }

    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError> {
        self.inner.batch(bucket, ops).await
    }

    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<kv::Record>, KvError> {
        self.inner.scan(bucket, prefix, after, limit).await
    }

    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError> {
        self.inner.watch(bucket, prefix).await
    }
}
