//! Small records with revisions, in buckets.

use crate::error::KvError;
use async_trait::async_trait;
use bytes::Bytes;

/// As [`Op::Put`] says.
const KEY_BYTES: usize = 512;

/// As [`Op::Put`] says.
const VALUE_BYTES: usize = 512 * 1024;

/// As [`Kv::batch`] and [`Kv::scan`] say.
pub(crate) const MANY: usize = 1_000;

/// What a record must be for a write to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Any,
    /// Not there.
    Absent,
    /// At exactly this revision.
    Revision(u64),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Within its bucket.
    pub key: String,
    /// At most 512 KiB.
    pub value: Bytes,
    /// Grows with every write to the bucket; two records never have the same.
    pub revision: u64,
}

/// One step of a batch.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes a record.
    Put {
        /// 1–512 bytes of printable ASCII without space, `*` and `>`.
        key: String,
        /// At most 512 KiB.
        value: Bytes,
        /// Checked in the same step.
        expect: Expect,
        /// The record vanishes after this long.
        ttl_ms: Option<u64>,
    },
    /// Removes a record.
    Delete {
        /// Which.
        key: String,
        /// Checked in the same step.
        expect: Expect,
    },
}

/// What a watch yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A record is there, or has changed.
    Put(Record),
    /// A record was removed or has expired.
    Gone(String),
    /// Everything that was there when the watch began has been told.
    Settled,
    /// Changes were missed: forget everything; what is there follows, then [`Change::Settled`].
    Resync,
}

/// A view of a prefix that follows its changes. Ends by being dropped.
#[async_trait]
pub trait Watch: Send {
    /// The next change; `None` once the store has ended. Cancel safe.
    async fn next(&mut self) -> Option<Change>;
}

/// Small records with revisions. Buckets are named by the services, in `a-z` and `-`.
#[async_trait]
pub trait Kv: Send + Sync {
    /// The record, unless it is absent or has expired.
    ///
    /// # Errors
    ///
    /// [`KvError`].
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Record>, KvError>;

    /// Writes a record; returns its revision.
    ///
    /// # Errors
    ///
    /// [`KvError::Conflict`] when it is not what `expect` says.
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError>;

    /// Removes a record; removing what is not there is fine with [`Expect::Any`].
    ///
    /// # Errors
    ///
    /// [`KvError::Conflict`] when it is not what `expect` says.
    async fn delete(&self, bucket: &str, key: &str, expect: Expect) -> Result<(), KvError>;

    /// Does all of `ops` or none, at most 1,000.
    ///
    /// # Errors
    ///
    /// [`KvError::Conflict`] when any record is not what its `expect` says; nothing has happened then.
    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError>;

    /// The records whose keys begin with `prefix` and come after `after`, by key, at most `limit` (≤ 1,000).
    ///
    /// # Errors
    ///
    /// [`KvError`].
    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Record>, KvError>;

    /// Follows the records whose keys begin with `prefix`: first what is there, then [`Change::Settled`], then every
    /// change. A write that resolves after this does is never skipped.
    ///
    /// # Errors
    ///
    /// [`KvError`].
    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError>;
}

pub(crate) fn check_bucket(bucket: &str) -> Result<(), KvError> {
    let is_bucket = (1..=KEY_BYTES).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_bucket.then_some(()).ok_or(KvError::TooLarge)
}

/// A prefix is a key that may be empty.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), KvError> {
    let is_prefix = prefix.len() <= KEY_BYTES
        && prefix
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'>');
    is_prefix.then_some(()).ok_or(KvError::TooLarge)
}

pub(crate) fn check_key(key: &str) -> Result<(), KvError> {
    if key.is_empty() {
        return Err(KvError::TooLarge);
    }
    check_prefix(key)
}

pub(crate) fn check_ops(ops: &[Op]) -> Result<(), KvError> {
    if ops.len() > MANY {
        return Err(KvError::TooLarge);
    }
    ops.iter().try_for_each(check_op)
}

pub(crate) fn check_value(value: &Bytes) -> Result<(), KvError> {
    if value.len() > VALUE_BYTES {
        return Err(KvError::TooLarge);
    }
    Ok(())
}

fn check_op(op: &Op) -> Result<(), KvError> {
    match op {
        Op::Put { key, value, .. } => {
            check_value(value)?;
            check_key(key)
        }
        Op::Delete { key, .. } => check_key(key),
    }
}
