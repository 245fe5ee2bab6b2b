//! [`Kv`] over the store.

use super::{
    queue::{Ended, Op as Queued},
    schema::KV,
    store::{ReadError, Shared, Store},
    watch::LocalWatch,
};
use crate::{
    error::KvError,
    kv::{Expect, Kv, MANY, Op, Record, Watch, check_bucket, check_key, check_ops, check_prefix},
};
use async_trait::async_trait;
use bytes::Bytes;
use redb::ReadTransaction;
use std::{ops::Bound, sync::Arc};
use tokio::sync::oneshot;

/// Records that are read here and now: more may take long enough to hold up whoever shares the thread.
const FEW: usize = 100;

impl From<Ended> for KvError {
    fn from(_ended: Ended) -> Self {
        Self::Unavailable
    }
}

impl From<ReadError> for KvError {
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

/// One page of a prefix, by key.
pub(super) fn scan(
    reading: &ReadTransaction,
    bucket: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
    now_ms: i64,
) -> Result<Vec<Record>, ReadError> {
    let table = reading.open_table(KV)?;
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded((bucket, after)),
        _ => Bound::Included((bucket, prefix)),
    };
    let mut records = Vec::new();
    for row in table.range::<(&str, &str)>((start, Bound::Unbounded))? {
        let (name, row) = row?;
        let (row_bucket, key) = name.value();
        if records.len() == limit || row_bucket != bucket || !key.starts_with(prefix) {
            break;
        }
        let (revision, expires_at_ms, value) = row.value();
        if expires_at_ms > now_ms {
            records.push(Record {
                key: key.to_owned(),
                value: Bytes::copy_from_slice(value),
                revision,
            });
        }
    }
    Ok(records)
}

impl Store {
    async fn write_kv(&self, bucket: &str, ops: Vec<Op>) -> Result<Vec<u64>, KvError> {
        check_bucket(bucket)?;
        check_ops(&ops)?;
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let bucket = bucket.to_owned();
        self.write(Queued::Kv {
            bucket,
            ops,
            answer,
        })
        .await?;
        answered.await.map_err(|_dropped| KvError::Store)?
    }
}

#[async_trait]
impl Kv for Store {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Record>, KvError> {
        check_bucket(bucket)?;
        check_key(key)?;
        let now_ms = self.shared.clock.now_ms();
        let record = self.shared.read(|reading| {
            let row = reading.open_table(KV)?.get((bucket, key))?;
            Ok(row.and_then(|row| {
                let (revision, expires_at_ms, value) = row.value();
                (expires_at_ms > now_ms).then(|| Record {
                    key: key.to_owned(),
                    value: Bytes::copy_from_slice(value),
                    revision,
                })
            }))
        });
        Ok(record?)
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError> {
        let key = key.to_owned();
        let op = Op::Put {
            key,
            value,
            expect,
            ttl_ms,
        };
        let revisions = self.write_kv(bucket, vec![op]).await?;
        revisions.first().copied().ok_or(KvError::Store)
    }

    async fn delete(&self, bucket: &str, key: &str, expect: Expect) -> Result<(), KvError> {
        let key = key.to_owned();
        self.write_kv(bucket, vec![Op::Delete { key, expect }])
            .await
            .map(drop)
    }

    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError> {
        self.write_kv(bucket, ops).await.map(drop)
    }

    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Record>, KvError> {
        check_bucket(bucket)?;
        check_prefix(prefix)?;
        let now_ms = self.shared.clock.now_ms();
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        let after = after.map(str::to_owned);
        let limit = limit.clamp(1, MANY);
        if limit <= FEW {
            return Ok(self.shared.read(|reading| {
                scan(reading, &bucket, &prefix, after.as_deref(), limit, now_ms)
            })?);
        }
        let records = self.shared.read_many(move |reading| {
            scan(reading, &bucket, &prefix, after.as_deref(), limit, now_ms)
        });
        Ok(records.await?)
    }

    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError> {
        check_bucket(bucket)?;
        check_prefix(prefix)?;
        let watch = LocalWatch::open(Arc::<Shared>::clone(&self.shared), bucket, prefix)
            .ok_or(KvError::Unavailable)?;
        Ok(Box::new(watch))
    }
}
