//! Records of the bucket `auth`, as JSON.
//!
//! | key | holds |
//! |---|---|
//! | `user/<id>` | an account ([`User`](crate::user::User)) |
//! | `name/<username, lower case>` | the account's id |
//! | `family/<digest>` | the refresh tokens of one login ([`Family`](crate::families::Family)) |
//! | `session/<sid>` | the key of its family |
//! | `key/<id>` | an API key ([`ApiKeyRecord`](crate::api_keys::ApiKeyRecord)) |
//! | `key-digest/<digest>` | the API key's id |
//! | `signing-keys` | the ring ([`key_ring`](crate::key_ring)), secret halves included |
//! | `once/<digest>` | what a request with an `Idempotency-Key` made |
//! | `first-start` | that there was one |

use crate::fault::Fault;
use aws_lc_rs::digest;
use bytes::Bytes;
use fanfare_bus::{
    Kv, KvError, Watch,
    kv::{Expect, Op},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};

const BUCKET: &str = "auth";

/// Says that there was a first start.
pub(crate) const FIRST_START: &str = "first-start";

/// How often a change is tried again when others change the same record meanwhile.
pub(crate) const TRIES: usize = 8;

/// Reads of a start until the store is given up, and the time between two: half a minute in all. A cluster takes up to
/// nine seconds to choose who leads a bucket, also one that was made a moment ago.
const START_READS: usize = 150;
const START_PAUSE: Duration = Duration::from_millis(200);

/// The bucket.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) kv: Arc<dyn Kv>,
}

/// A record as it was read.
pub(crate) struct Stored<T> {
    pub(crate) value: T,
    pub(crate) revision: u64,
}

impl Store {
    /// Waits until the store answers, half a minute at most.
    pub(crate) async fn until_there(&self) -> Result<(), Fault> {
        for _read in 0..START_READS {
            match self.kv.get(BUCKET, FIRST_START).await {
                Ok(_record) => return Ok(()),
                Err(KvError::Unavailable) => tokio::time::sleep(START_PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Unavailable)
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<Stored<T>>, Fault> {
        let Some(record) = self.kv.get(BUCKET, key).await? else {
            return Ok(None);
        };
        let value = read(key, &record.value)?;
        Ok(Some(Stored {
            value,
            revision: record.revision,
        }))
    }

    pub(crate) async fn put<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        expect: Expect,
    ) -> Result<u64, Fault> {
        let value = write(value)?;
        Ok(self.kv.put(BUCKET, key, value, expect, None).await?)
    }

    pub(crate) async fn batch(&self, ops: Vec<Op>) -> Result<(), Fault> {
        Ok(self.kv.batch(BUCKET, ops).await?)
    }

    /// The records under `prefix` after the key `after`, at most `limit`.
    pub(crate) async fn scan<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, Fault> {
        let records = self.kv.scan(BUCKET, prefix, after, limit).await?;
        records
            .iter()
            .map(|record| read(&record.key, &record.value))
            .collect()
    }

    pub(crate) async fn watch(&self, prefix: &str) -> Result<Box<dyn Watch>, Fault> {
        Ok(self.kv.watch(BUCKET, prefix).await?)
    }
}

/// A step of a batch that writes `value`.
pub(crate) fn put<T: Serialize>(
    key: String,
    value: &T,
    expect: Expect,
    ttl_ms: Option<u64>,
) -> Result<Op, Fault> {
    Ok(Op::Put {
        key,
        value: write(value)?,
        expect,
        ttl_ms,
    })
}

/// A step of a batch that removes what is there, whatever it is.
pub(crate) const fn delete(key: String) -> Op {
    Op::Delete {
        key,
        expect: Expect::Any,
    }
}

/// SHA-256 of `parts`, each with its length, in lower-case hex.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    hex(context.finish().as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(value).map_err(|error| {
        // The text of such an error could quote what is stored, so only its place is told.
        tracing::error!(key, column = error.column(), "a record is unreadable");
        Fault::Internal
    })
}

fn write<T: Serialize>(value: &T) -> Result<Bytes, Fault> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|_error| Fault::Internal)
}
