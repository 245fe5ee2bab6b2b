//! What the writer does by itself: schedules, expiry, retention. In small steps, so that no append waits long.
//!
//! A row that cannot be read is logged and removed: it would come first at every commit, and let none pass.

use super::{Changed, Commit};
use crate::embedded::schema::{self, Entry};
use fanfare_proto::Channel;
use redb::ReadableTable as _;

/// Most rows one commit fires or removes by itself: about a millisecond's work beside the callers'.
const STEPS_PER_COMMIT: usize = 256;

impl Commit<'_> {
    /// Does what is due, a bounded part of it. Before the callers' operations, so that they see it done.
    pub(in crate::embedded) fn sweep(&mut self) -> Result<(), redb::Error> {
        for _step in 0..STEPS_PER_COMMIT {
            if !self.fire_next()? {
                break;
            }
        }
        for _step in 0..STEPS_PER_COMMIT {
            if !self.expire_next()? {
                break;
            }
        }
        self.trim_next()?;
        for _step in 0..STEPS_PER_COMMIT {
            if !self.retire_next()? {
                break;
            }
        }
        Ok(())
    }

    /// When the next of these is due; at once while a trim goes on.
    pub(super) fn due_at_ms(&self) -> Result<Option<i64>, redb::Error> {
        if self.tables.trims.first()?.is_some() {
            return Ok(Some(self.terms.now_ms));
        }
        let fires = self.tables.due.first()?.map(|(key, _row)| key.value().0);
        let expires = self.tables.expiry.first()?.map(|(key, _row)| key.value().0);
        let retires = self.tables.log.first()?.map(|(_seq, row)| {
            Entry::decode(row.value()).map_or(self.terms.now_ms, |entry| self.retires_at_ms(&entry))
        });
        Ok([fires, expires, retires].into_iter().flatten().min())
    }

    fn retires_at_ms(&self, entry: &Entry<'_>) -> i64 {
        entry
            .stored_at_ms
            .saturating_add_unsigned(self.terms.retention_ms)
    }

    /// Removes the first that has expired; `false` when none has.
    fn expire_next(&mut self) -> Result<bool, redb::Error> {
        let (at_ms, kind, key) = match self.tables.expiry.first()? {
            Some((row_key, _row)) => {
                let (at_ms, kind, key) = row_key.value();
                (at_ms, kind, key.to_vec())
            }
            None => return Ok(false),
        };
        if at_ms > self.terms.now_ms {
            return Ok(false);
        }
        self.tables.expiry.remove((at_ms, kind, key.as_slice()))?;
        match kind {
            schema::EXPIRES_RECORD => match <[u8; 8]>::try_from(key.as_slice()) {
                Ok(seq) => drop(self.remove(u64::from_be_bytes(seq))?),
                Err(_length) => removed_damaged("an expiry"),
            },
            schema::EXPIRES_MSG_ID => match schema::unpair(&key) {
                Ok(pair) => drop(self.tables.msg_ids.remove(pair)?),
                Err(_damaged) => removed_damaged("an expiry"),
            },
            schema::EXPIRES_KV => match schema::unpair(&key) {
                Ok((bucket, key)) => self.expire_kv(bucket, key)?,
                Err(_damaged) => removed_damaged("an expiry"),
            },
            _ => removed_damaged("an expiry"),
        }
        Ok(true)
    }

    fn expire_kv(&mut self, bucket: &str, key: &str) -> Result<(), redb::Error> {
        self.tables.kv.remove((bucket, key))?;
        self.last_revision += 1;
        self.effects.changes.push(Changed {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            revision: self.last_revision,
            record: None,
        });
        Ok(())
    }

    /// Removes some of what one channel holds below its start.
    fn trim_next(&mut self) -> Result<(), redb::Error> {
        let name = match self.tables.trims.first()? {
            Some((name, _row)) => name.value().to_owned(),
            None => return Ok(()),
        };
        let is_done = match schema::channel(&name) {
            Ok(channel) => self.cut(&channel, STEPS_PER_COMMIT)? < STEPS_PER_COMMIT,
            Err(_damaged) => {
                removed_damaged("the name of a channel to trim");
                true
            }
        };
        if is_done {
            self.tables.trims.remove(name.as_str())?;
        }
        Ok(())
    }

    /// Removes the oldest record of all when it is over the retention; `false` when it is not.
    fn retire_next(&mut self) -> Result<bool, redb::Error> {
        let (seq, oldest) = match self.tables.log.first()? {
            Some((seq, row)) => (seq.value(), self.retired(row.value())),
            None => return Ok(false),
        };
        let (n, channel) = match oldest {
            Ok(Some(retired)) => retired,
            Ok(None) => return Ok(false),
            Err(_damaged) => {
                self.tables.log.remove(seq)?;
                removed_damaged("a record");
                return Ok(true);
            }
        };
        let mut head = self.head(&channel)?;
        head.first_n = head.first_n.max(n + 1);
        self.set_head(&channel, head);
        self.remove(seq)?;
        Ok(true)
    }

    /// The ordinal and the channel of a record, if it is over the retention.
    fn retired(&self, row: &[u8]) -> Result<Option<(u64, Channel)>, redb::Error> {
        let entry = Entry::decode(row)?;
        if self.retires_at_ms(&entry) > self.terms.now_ms {
            return Ok(None);
        }
        Ok(Some((entry.n, schema::channel(entry.channel)?)))
    }
}

/// Says that `what` could not be read and is gone.
pub(super) fn removed_damaged(what: &str) {
    tracing::error!(what, "a damaged row was removed from the store");
}
