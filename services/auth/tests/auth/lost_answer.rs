//! A store that does the first batch and loses its answer, as a network does.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Kv, KvError, Watch,
    kv::{Expect, Op, Record},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

pub(crate) struct LostAnswer {
    inner: Arc<dyn Kv>,
    lost: AtomicBool,
}

impl LostAnswer {
    pub(crate) const fn of(inner: Arc<dyn Kv>) -> Self {
        Self {
            inner,
            lost: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Kv for LostAnswer {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Record>, KvError> {
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
