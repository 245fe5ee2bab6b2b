//! Small records of one bucket, as JSON.

use crate::problem;
use bytes::Bytes;
use fanfare_bus::{
    Kv, KvError,
    kv::{Expect, Op},
};
use fanfare_http::Problem;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Most attempts to change a record that others change meanwhile.
const TRIES: usize = 32;

/// A bucket.
#[derive(Clone)]
pub struct Records {
    kv: Arc<dyn Kv>,
    bucket: &'static str,
}

/// A record as it was read, or that there was none.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// What it holds; `None`: there is none.
    pub value: Option<T>,
    /// What a write expects that was decided by it.
    pub expect: Expect,
}

impl Records {
    /// The records of `bucket`.
    #[must_use]
    pub fn new(kv: Arc<dyn Kv>, bucket: &'static str) -> Self {
        Self { kv, bucket }
    }

    /// The record under `key`.
    ///
    /// # Errors
    ///
    /// The store is away, or the record is unreadable.
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Read<T>, Problem> {
        let found = self.kv.get(self.bucket, key).await;
        Ok(match found.map_err(problem::of_kv)? {
            None => Read {
                value: None,
                expect: Expect::Absent,
            },
            Some(record) => Read {
                value: Some(parse(key, &record.value)?),
                expect: Expect::Revision(record.revision),
            },
        })
    }

    /// What stands under `key`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Problem> {
        Ok(self.read(key).await?.value)
    }

    /// The records under `prefix` after the key `after`, at most `limit` (≤ 1,000), with what follows the prefix.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn scan<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, T)>, Problem> {
        let after = after.map(|after| format!("{prefix}{after}"));
        let found = self.kv.scan(self.bucket, prefix, after.as_deref(), limit);
        let records = found.await.map_err(problem::of_kv)?;
        let item = |record: &fanfare_bus::kv::Record| {
            let rest = record.key.strip_prefix(prefix).unwrap_or(&record.key);
            Ok((rest.to_owned(), parse(&record.key, &record.value)?))
        };
        records.iter().map(item).collect()
    }

    /// Does all of `ops` or none; `false` when a record was not what its op expected.
    ///
    /// # Errors
    ///
    /// The store is away, or it failed.
    pub async fn commit(&self, ops: Vec<Op>) -> Result<bool, Problem> {
        match self.kv.batch(self.bucket, ops).await {
            Ok(()) => Ok(true),
            Err(KvError::Conflict) => Ok(false),
            Err(error) => Err(problem::of_kv(error)),
        }
    }

    /// Changes the record under `key` to what `change` makes of it, as often as others come between; `None` leaves it as
    /// it is. Answers what then stands there.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); what `change` refuses; `unavailable` after too many conflicts, and nothing has changed
    /// then.
    pub async fn update<T: Serialize + DeserializeOwned + Clone>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<T>) -> Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        for _try in 0..TRIES {
            let read = self.read::<T>(key).await?;
            let Some(changed) = change(read.value.clone())? else {
                return Ok(read.value);
            };
            if self.commit(vec![put(key, &changed, read.expect)]).await? {
                return Ok(Some(changed));
            }
        }
        Err(problem::of_kv(KvError::Conflict))
    }
}

/// A step that writes `value`.
#[must_use]
pub fn put(key: &str, value: &impl Serialize, expect: Expect) -> Op {
    put_for(key, value, expect, None)
}

/// A step that writes `value`, which vanishes after `ttl_ms`.
#[must_use]
pub fn put_for(key: &str, value: &impl Serialize, expect: Expect, ttl_ms: Option<u64>) -> Op {
    Op::Put {
        key: key.to_owned(),
        value: text(value),
        expect,
        ttl_ms,
    }
}

/// A step that removes a record.
#[must_use]
pub fn delete(key: &str, expect: Expect) -> Op {
    Op::Delete {
        key: key.to_owned(),
        expect,
    }
}

/// Serialising fails only for maps with keys that are no strings, and records have none.
fn text(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn parse<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(value).map_err(|error| {
        // The text of such an error could quote what is stored, so only its place is told.
        tracing::error!(key, column = error.column(), "a record is unreadable");
        problem::internal("a record is unreadable")
    })
}
