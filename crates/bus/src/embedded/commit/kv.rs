//! Writing records of buckets.

use super::{Changed, Commit};
use crate::embedded::schema::{self, NEVER};
use crate::{
    error::KvError,
    kv::{Expect, Op, Record},
};
use bytes::Bytes;
use redb::ReadableTable as _;
use std::collections::HashMap;

/// Stands for the revision of a record this batch will write, which nobody can know and expect.
const UNBORN: u64 = u64::MAX;

impl Commit<'_> {
    /// All or none. Returns the revision each put was given.
    pub(super) fn kv(
        &mut self,
        bucket: &str,
        ops: Vec<Op>,
    ) -> Result<Result<Vec<u64>, KvError>, redb::Error> {
        if !self.kv_expected(bucket, &ops)? {
            return Ok(Err(KvError::Conflict));
        }
        let mut revisions = Vec::new();
        for op in ops {
            match op {
                Op::Put {
                    key,
                    value,
                    expect: _checked,
                    ttl_ms,
                } => revisions.push(self.kv_put(bucket, key, value, ttl_ms)?),
                Op::Delete {
                    key,
                    expect: _checked,
                } => self.kv_delete(bucket, key)?,
            }
        }
        Ok(Ok(revisions))
    }

    /// Whether every step finds what it expects, each seeing those before it.
    fn kv_expected(&self, bucket: &str, ops: &[Op]) -> Result<bool, redb::Error> {
        let mut written: HashMap<&str, Option<u64>> = HashMap::new();
        for op in ops {
            let (Op::Put { key, expect, .. } | Op::Delete { key, expect }) = op;
            let now = match written.get(key.as_str()) {
                Some(now) => *now,
                None => self.kv_revision(bucket, key)?,
            };
            let met = match expect {
                Expect::Any => true,
                Expect::Absent => now.is_none(),
                Expect::Revision(expected) => now == Some(*expected),
            };
            if !met {
                return Ok(false);
            }
            let is_put = matches!(op, Op::Put { .. });
            written.insert(key, is_put.then_some(UNBORN));
        }
        Ok(true)
    }

    /// The record's revision, unless it is absent or has expired.
    fn kv_revision(&self, bucket: &str, key: &str) -> Result<Option<u64>, redb::Error> {
        let row = self.tables.kv.get((bucket, key))?;
        Ok(row.and_then(|row| {
            let (revision, expires_at_ms, _value) = row.value();
            (expires_at_ms > self.terms.now_ms).then_some(revision)
        }))
    }

    fn kv_put(
        &mut self,
        bucket: &str,
        key: String,
        value: Bytes,
        ttl_ms: Option<u64>,
    ) -> Result<u64, redb::Error> {
        self.last_revision += 1;
        let revision = self.last_revision;
        let expires_at_ms = schema::expires_at(self.terms.now_ms, ttl_ms);
        let row = (revision, expires_at_ms, &*value);
        let old = self.tables.kv.insert((bucket, key.as_str()), row)?;
        let old_expires_at_ms = old.map_or(NEVER, |old| old.value().1);
        self.kv_expires_no_more(bucket, &key, old_expires_at_ms)?;
        if expires_at_ms != NEVER {
            let name = schema::pair(bucket, &key);
            let kind = schema::EXPIRES_KV;
            self.tables
                .expiry
                .insert((expires_at_ms, kind, name.as_slice()), ())?;
        }
        self.effects.changes.push(Changed {
            bucket: bucket.to_owned(),
            key: key.clone(),
            revision,
            record: Some(Record {
                key,
                value,
                revision,
            }),
        });
        Ok(revision)
    }

    fn kv_delete(&mut self, bucket: &str, key: String) -> Result<(), redb::Error> {
        let old = self.tables.kv.remove((bucket, key.as_str()))?;
        let Some(old_expires_at_ms) = old.map(|old| old.value().1) else {
            return Ok(());
        };
        self.kv_expires_no_more(bucket, &key, old_expires_at_ms)?;
        self.last_revision += 1;
        self.effects.changes.push(Changed {
            bucket: bucket.to_owned(),
            key,
            revision: self.last_revision,
            record: None,
        });
        Ok(())
    }

    fn kv_expires_no_more(
        &mut self,
        bucket: &str,
        key: &str,
        old_expires_at_ms: i64,
    ) -> Result<(), redb::Error> {
        if old_expires_at_ms != NEVER {
            let name = schema::pair(bucket, key);
            let kind = schema::EXPIRES_KV;
            self.tables
                .expiry
                .remove((old_expires_at_ms, kind, name.as_slice()))?;
        }
        Ok(())
    }
}
