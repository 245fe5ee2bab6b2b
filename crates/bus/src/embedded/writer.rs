//! The one thread that writes.

use super::{
    Settings,
    commit::{Commit, Effects, NewTail, Terms},
    file,
    queue::Op,
    store::Shared,
};
use crate::log::Record;
use redb::Database;
use std::{sync::Arc, thread::JoinHandle, time::Duration};

/// How often the clock is looked at while something will be due: the wall clock may jump, and a test moves it by hand.
const CLOCK_POLL: Duration = Duration::from_millis(20);

/// How long the writer's own work, and opening the file again, rest after a failure, in milliseconds: a full disk stays
/// full for a while.
const FAILURE_PAUSE_MS: i64 = 1_000;

pub(super) fn start(
    shared: Arc<Shared>,
    settings: Settings,
    epoch: u32,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("fanfare-store".to_owned())
        .spawn(move || {
            let shared = Ending(shared);
            Writer {
                shared: &shared.0,
                settings,
                epoch,
                due_at_ms: Some(i64::MIN),
            }
            .run();
        })
}

/// Ends the store when the writer's thread does, however it does.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct Writer<'a> {
    shared: &'a Shared,
    settings: Settings,
    /// Of the file, which must still be the same one when it is opened again.
    epoch: u32,
    /// When there is something to do without being asked; `None`: never, as things stand.
    due_at_ms: Option<i64>,
}

impl Writer<'_> {
    fn run(&mut self) {
        while let Some(ops) = self.shared.queue.take(self.wait()) {
            let now_ms = self.shared.clock.now_ms();
            if ops.is_empty() && !self.is_due(now_ms) {
                continue;
            }
            match self.shared.database() {
                Some(database) => self.commit(database, now_ms, ops),
                // Whoever waits is told at once that the store failed: nobody knows when the disk has room again.
                None => drop(ops),
            }
            if self.shared.database().is_none()
                && self.may_reopen(now_ms)
                && let Err(Replaced) = self.reopen(now_ms)
            {
                tracing::error!("another file has taken the store's place: restart Fanfare");
                return;
            }
        }
    }

    /// The pause is over, or the clock was set back.
    fn may_reopen(&self, now_ms: i64) -> bool {
        self.is_due(now_ms)
            || self
                .due_at_ms
                .is_none_or(|due_at_ms| due_at_ms.saturating_sub(now_ms) > FAILURE_PAUSE_MS)
    }

    /// Opens the file that [`Shared::close_file`] closed, or rests and leaves it to the next time.
    fn reopen(&mut self, now_ms: i64) -> Result<(), Replaced> {
        match file::open(&self.settings.path, self.settings.cache_bytes) {
            Ok(opened) if opened.epoch == self.epoch => {
                tracing::info!("the store is open again");
                self.shared.put_back(opened.database);
                self.due_at_ms = Some(now_ms);
                Ok(())
            }
            Ok(_other) => Err(Replaced),
            Err(error) => {
                tracing::error!(%error, "the store does not open again yet");
                self.due_at_ms = Some(now_ms.saturating_add(FAILURE_PAUSE_MS));
                Ok(())
            }
        }
    }

    fn is_due(&self, now_ms: i64) -> bool {
        self.due_at_ms.is_some_and(|due_at_ms| due_at_ms <= now_ms)
    }

    /// How long to wait for operations at most.
    fn wait(&self) -> Option<Duration> {
        let due_at_ms = self.due_at_ms?;
        let left_ms = due_at_ms.saturating_sub(self.shared.clock.now_ms());
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        Some(left.min(CLOCK_POLL))
    }

    /// One commit, then the answers, then the readers. Tails open in the order of the queue, between the appends: so one
    /// shows exactly what was queued after it.
    fn commit(&mut self, database: Arc<Database>, now_ms: i64, ops: Vec<Op>) {
        let terms = Terms {
            now_ms,
            retention_ms: self.settings.retention_ms,
            retention_records: self.settings.retention_records,
        };
        match write(&database, terms, ops) {
            Ok(effects) => {
                self.due_at_ms = effects.due_at_ms;
                for answer in effects.answers {
                    answer();
                }
                self.feed_tails(&effects.records, effects.tails);
                self.feed_watches(&effects.changes);
            }
            Err(error) => {
                tracing::error!(%error, "the store failed to write");
                if is_latched(&error) {
                    drop(database);
                    self.shared.close_file();
                }
                self.due_at_ms = Some(now_ms.saturating_add(FAILURE_PAUSE_MS));
            }
        }
    }

    fn feed_tails(&self, records: &[Record], new: Vec<NewTail>) {
        let sized = |record: &Record| (record.clone(), record.payload.len());
        if !records.is_empty() {
            for tail in self.shared.tails.all() {
                tail.push(records.iter().map(sized));
            }
        }
        for NewTail { tail, from } in new {
            if let Some(tail) = tail.upgrade() {
                tail.push(records.iter().skip(from).map(sized));
            }
            self.shared.tails.add(tail);
        }
    }

    fn feed_watches(&self, changes: &[super::commit::Changed]) {
        if changes.is_empty() {
            return;
        }
        for watch in self.shared.watches.all() {
            watch.push(changes);
        }
    }
}

/// The file at the store's path is not the one that was closed.
struct Replaced;

/// Whether the engine refuses everything from now on, until the file is closed and opened again.
const fn is_latched(error: &redb::Error) -> bool {
    matches!(
        error,
        redb::Error::Io(_)
            | redb::Error::Backend(_)
            | redb::Error::PreviousIo
            | redb::Error::LockPoisoned(_)
    )
}

/// Does `ops` and makes them durable. On an error nothing has happened, and the answers are dropped.
fn write(database: &Database, terms: Terms, ops: Vec<Op>) -> Result<Effects, redb::Error> {
    let writing = database.begin_write()?;
    let mut commit = Commit::begin(&writing, terms)?;
    commit.sweep()?;
    for op in ops {
        commit.apply(op)?;
    }
    let effects = commit.finish()?;
    writing.commit()?;
    Ok(effects)
}
