//! A store as it is behind a network: its first answers stay away, or the answer to its first batch is lost.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Kv, KvError, Watch,
    kv::{Expect, Op, Record},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

pub(crate) struct Unsteady {
    inner: Arc<dyn Kv>,
    /// Reads that are not answered yet.
    away: AtomicUsize,
    /// Whether there is no answer left to lose.
    lost: AtomicBool,
}

impl Unsteady {
    /// Loses the answer to the first batch.
    pub(crate) const fn losing_an_answer(inner: Arc<dyn Kv>) -> Self {
        Self {
            inner,
            away: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
        }
    }

    /// Is away for the first `reads`.
    pub(crate) const fn away_for(inner: Arc<dyn Kv>, reads: usize) -> Self {
        Self {
            inner,
            away: AtomicUsize::new(reads),
            lost: AtomicBool::new(true),
        }
    }
}

#[async_trait]
impl Kv for Unsteady {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Record>, KvError> {
        let one_less = |left: usize| left.checked_sub(1);
        let away = self
            .away
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if away.is_ok() {
            return Err(KvError::Unavailable);
        }
        self.inner.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError> {
        self.inner.put(bucket, key, value, expect, ttl_ms).await
    }

    async fn delete(&self, bucket: &str, key: &str, expect: Expect) -> Result<(), KvError> {
        self.inner.delete(bucket, key, expect).await
    }

    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError> {
        let outcome = self.inner.batch(bucket, ops).await;
        if self.lost.swap(true, Ordering::SeqCst) {
            outcome
        } else {
            Err(KvError::Unavailable)
        }
    }

    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Record>, KvError> {
        self.inner.scan(bucket, prefix, after, limit).await
    }

    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError> {
        self.inner.watch(bucket, prefix).await
    }
}
