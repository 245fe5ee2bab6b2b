//! One write transaction: operations are checked before they write, so that one that fails spoils no other.

mod append;
mod kv;
mod remove;
mod schedule;
mod sweep;

use super::{
    queue::Op,
    schema::{self, Head, Tables},
};
use crate::{feed::Feed, log::Record};
use fanfare_proto::Channel;
use redb::{ReadableTable as _, WriteTransaction};
use std::{collections::HashMap, sync::Weak};
use tokio::sync::oneshot;

/// Tells a caller what came of it. Dropped when the commit fails, which the caller takes as a failed store.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// What a commit found that does not come from a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) now_ms: i64,
    pub(super) retention_ms: u64,
    pub(super) retention_records: u64,
}

/// A record of a bucket that changed.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) revision: u64,
    /// `None`: it is gone.
    pub(super) record: Option<crate::kv::Record>,
}

/// A tail that begins in the middle of this commit.
pub(super) struct NewTail {
    pub(super) tail: Weak<Feed<Record>>,
    /// The first of the commit's records that it shows.
    pub(super) from: usize,
}

/// What has to be told once the commit is durable.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) answers: Vec<Answer>,
    pub(super) records: Vec<Record>,
    pub(super) tails: Vec<NewTail>,
    pub(super) changes: Vec<Changed>,
    /// When the writer has something to do by itself; `None`: nothing so far.
    pub(super) due_at_ms: Option<i64>,
}

/// The state of one commit.
pub(super) struct Commit<'txn> {
    tables: Tables<'txn>,
    terms: Terms,
    /// Heads read or changed in this commit, written back once at its end.
    heads: HashMap<Channel, HeadSlot>,
    last_seq: u64,
    last_revision: u64,
    effects: Effects,
}

#[derive(Clone, Copy)]
struct HeadSlot {
    head: Head,
    changed: bool,
}

impl<'txn> Commit<'txn> {
    pub(super) fn begin(
        writing: &'txn WriteTransaction,
        terms: Terms,
    ) -> Result<Self, redb::Error> {
        let tables = Tables::open(writing)?;
        let number = |name| -> Result<u64, redb::Error> {
            Ok(tables.meta.get(name)?.map_or(0, |found| found.value()))
        };
        let last_seq = number(schema::META_SEQ)?;
        let last_revision = number(schema::META_REVISION)?;
        Ok(Self {
            tables,
            terms,
            heads: HashMap::new(),
            last_seq,
            last_revision,
            effects: Effects::default(),
        })
    }

    /// Does one operation. An error is the store's and ends the commit.
    pub(super) fn apply(&mut self, op: Op) -> Result<(), redb::Error> {
        match op {
            Op::Append { appends, answer } => {
                let result = self.append_all(appends)?;
                self.answer(answer, result);
            }
            Op::Schedule {
                at_ms,
                key,
                append,
                answer,
            } => {
                self.schedule(at_ms, &key, append)?;
                self.answer(answer, Ok(()));
            }
            Op::Cancel { key, answer } => {
                let found = self.unschedule(&key)?;
                self.answer(answer, Ok(found));
            }
            Op::Delete { channel, n, answer } => {
                let found = self.delete(&channel, n)?;
                self.answer(answer, Ok(found));
            }
            Op::Trim {
                channel,
                first_n,
                answer,
            } => {
                self.trim(&channel, first_n)?;
                self.answer(answer, Ok(()));
            }
            Op::Tail { tail, answer } => {
                let from = self.effects.records.len();
                self.effects.tails.push(NewTail { tail, from });
                self.answer(answer, Ok(()));
            }
            Op::Kv {
                bucket,
                ops,
                answer,
            } => {
                let result = self.kv(&bucket, ops)?;
                self.answer(answer, result);
            }
        }
        Ok(())
    }

    /// Writes what was gathered. After this only the transaction's own commit is missing.
    pub(super) fn finish(mut self) -> Result<Effects, redb::Error> {
        for (channel, slot) in &self.heads {
            if slot.changed {
                self.tables
                    .heads
                    .insert(channel.name(), slot.head.to_row())?;
            }
        }
        self.tables.meta.insert(schema::META_SEQ, self.last_seq)?;
        self.tables
            .meta
            .insert(schema::META_REVISION, self.last_revision)?;
        self.effects.due_at_ms = self.due_at_ms()?;
        Ok(self.effects)
    }

    fn answer<T, E>(&mut self, to: oneshot::Sender<Result<T, E>>, result: Result<T, E>)
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.effects.answers.push(Box::new(move || {
            // A caller who has gone away needs no answer.
            let _gone = to.send(result);
        }));
    }

    fn head(&mut self, channel: &Channel) -> Result<Head, redb::Error> {
        if let Some(slot) = self.heads.get(channel) {
            return Ok(slot.head);
        }
        let row = self.tables.heads.get(channel.name())?;
        let head = row.map_or(Head::EMPTY, |row| Head::from_row(row.value()));
        let changed = false;
        self.heads
            .insert(channel.clone(), HeadSlot { head, changed });
        Ok(head)
    }

    fn set_head(&mut self, channel: &Channel, head: Head) {
        let changed = true;
        self.heads
            .insert(channel.clone(), HeadSlot { head, changed });
    }
}
