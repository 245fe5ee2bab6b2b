//! Appending.

use super::Commit;
use crate::embedded::schema::{self, Entry, Head, NEVER};
use crate::{
    error::LogError,
    log::{Append, Appended, DEDUP_WINDOW_MS, Expect, Record},
};
use fanfare_proto::{Channel, Position};
use redb::ReadableTable as _;
use std::collections::{HashMap, HashSet};

/// Old records an append removes of a channel that is over its retention. One would hold the level; two catch up.
const TRIMMED_PER_APPEND: usize = 2;

impl Commit<'_> {
    /// All or none.
    pub(super) fn append_all(
        &mut self,
        appends: Vec<Append>,
    ) -> Result<Result<Vec<Appended>, LogError>, redb::Error> {
        // Only an expectation can fail, and a single record is checked where it is written.
        let is_conditional = |append: &Append| append.expect != Expect::Any;
        if appends.len() > 1
            && appends.iter().any(is_conditional)
            && let Some(head_n) = self.conflict(&appends)?
        {
            return Ok(Err(LogError::Conflict { head_n }));
        }
        let mut appended = Vec::with_capacity(appends.len());
        for append in appends {
            match self.append(append)? {
                Ok(done) => appended.push(done),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(appended))
    }

    /// The head that would break the first expectation, each record seeing those before it.
    fn conflict(&mut self, appends: &[Append]) -> Result<Option<u64>, redb::Error> {
        let mut heads: HashMap<&Channel, u64> = HashMap::new();
        let mut ids = HashSet::new();
        for append in appends {
            if let Some(id) = &append.msg_id
                && (self.known(&append.channel, id)?.is_some()
                    || !ids.insert((&append.channel, id)))
            {
                continue;
            }
            let head_n = match heads.get(&append.channel) {
                Some(head_n) => *head_n,
                None => self.head(&append.channel)?.last.n,
            };
            if !meets(append.expect, head_n) {
                return Ok(Some(head_n));
            }
            heads.insert(&append.channel, head_n + 1);
        }
        Ok(None)
    }

    /// Appends one record; an error has written nothing.
    pub(super) fn append(
        &mut self,
        append: Append,
    ) -> Result<Result<Appended, LogError>, redb::Error> {
        let channel = append.channel;
        if let Some(id) = &append.msg_id
            && let Some(position) = self.known(&channel, id)?
        {
            let duplicate = true;
            return Ok(Ok(Appended {
                position,
                duplicate,
            }));
        }
        let mut head = self.head(&channel)?;
        if !meets(append.expect, head.last.n) {
            let head_n = head.last.n;
            return Ok(Err(LogError::Conflict { head_n }));
        }
        if head.live_expires_at_ms <= self.terms.now_ms {
            self.find_live(&channel, &mut head)?;
        }
        self.last_seq += 1;
        let position = Position {
            seq: self.last_seq,
            n: head.last.n + 1,
        };
        let expires_at_ms = schema::expires_at(self.terms.now_ms, append.ttl_ms);
        let record = Record {
            channel,
            position,
            prev_seq: head.live.seq,
            stored_at_ms: self.terms.now_ms,
            expires_at_ms: schema::expires(expires_at_ms),
            payload: append.payload,
            trace: append.trace,
        };
        self.write(&record, append.msg_id.as_deref())?;
        head.last = position;
        head.live = position;
        head.live_expires_at_ms = expires_at_ms;
        self.limit(&record.channel, &mut head)?;
        self.set_head(&record.channel, head);
        self.effects.records.push(record);
        let duplicate = false;
        Ok(Ok(Appended {
            position,
            duplicate,
        }))
    }

    /// Where the record with this id stands, within the window.
    fn known(&self, channel: &Channel, id: &str) -> Result<Option<Position>, redb::Error> {
        let row = self.tables.msg_ids.get((channel.name(), id))?;
        Ok(row.and_then(|row| {
            let (seq, n, expires_at_ms) = row.value();
            (expires_at_ms > self.terms.now_ms).then_some(Position { seq, n })
        }))
    }

    fn write(&mut self, record: &Record, msg_id: Option<&str>) -> Result<(), redb::Error> {
        let Position { seq, n } = record.position;
        let name = record.channel.name();
        let expires_at_ms = record.expires_at_ms.unwrap_or(NEVER);
        let entry = Entry {
            n,
            prev_seq: record.prev_seq,
            stored_at_ms: record.stored_at_ms,
            expires_at_ms,
            channel: name,
            payload: &record.payload,
        };
        entry.encode(
            self.tables
                .log
                .insert_reserve(seq, entry.encoded_len())?
                .as_mut(),
        );
        self.tables.index.insert((name, n), seq)?;
        if expires_at_ms != NEVER {
            let key = seq.to_be_bytes();
            self.tables
                .expiry
                .insert((expires_at_ms, schema::EXPIRES_RECORD, key.as_slice()), ())?;
        }
        if let Some(id) = msg_id {
            self.remember(name, id, record.position)?;
        }
        Ok(())
    }

    fn remember(&mut self, name: &str, id: &str, at: Position) -> Result<(), redb::Error> {
        let expires_at_ms = schema::expires_at(self.terms.now_ms, Some(DEDUP_WINDOW_MS));
        let row = (at.seq, at.n, expires_at_ms);
        let old = self.tables.msg_ids.insert((name, id), row)?;
        let old_expires_at_ms = old.map(|old| old.value().2);
        let key = schema::pair(name, id);
        let kind = schema::EXPIRES_MSG_ID;
        if let Some(old_expires_at_ms) = old_expires_at_ms {
            self.tables
                .expiry
                .remove((old_expires_at_ms, kind, key.as_slice()))?;
        }
        self.tables
            .expiry
            .insert((expires_at_ms, kind, key.as_slice()), ())?;
        Ok(())
    }

    /// Moves the channel's start so that it is within the retention, and removes a little of what that cuts off.
    fn limit(&mut self, channel: &Channel, head: &mut Head) -> Result<(), redb::Error> {
        let first_n = (head.last.n + 1).saturating_sub(self.terms.retention_records.max(1));
        if first_n <= head.first_n {
            return Ok(());
        }
        head.first_n = first_n;
        // The removal looks at the head, which has to be the new one.
        self.set_head(channel, *head);
        if self.cut(channel, TRIMMED_PER_APPEND)? == TRIMMED_PER_APPEND {
            self.tables.trims.insert(channel.name(), ())?;
        }
        *head = self.head(channel)?;
        Ok(())
    }
}

fn meets(expect: Expect, head_n: u64) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Head(n) => n == head_n,
    }
}
