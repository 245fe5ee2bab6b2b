//! What the log and the records share: the file, the writer and its readers.

use super::{
    Settings,
    file::{OpenError, Opened},
    queue::{Ended, Op, Queue},
    watch::Watched,
    writer,
};
use crate::{
    feed::{Feed, Readers},
    log,
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use redb::{Database, ReadTransaction, ReadableDatabase as _};
use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::JoinHandle,
};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Reads under way at once on threads that may wait for the disk: more threads would wait for the same cores, and each
/// keeps a stack and a part of the allocator's memory.
const READING: usize = 8;

/// What the writer's thread and the callers both hold.
pub(super) struct Shared {
    /// `None` once the writer has ended, whoever still holds a handle, and while it opens the file again after a failure.
    database: RwLock<Option<Arc<Database>>>,
    pub(super) queue: Queue,
    pub(super) tails: Readers<Feed<log::Record>>,
    pub(super) watches: Readers<Watched>,
    pub(super) clock: Clock,
    reading: Semaphore,
}

/// Why a read did not happen.
#[derive(Debug)]
pub(super) enum ReadError {
    Ended,
    Engine(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for ReadError {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

/// One open store. Ends when it is dropped.
pub(super) struct Store {
    pub(super) shared: Arc<Shared>,
    pub(super) epoch: u32,
    writer: Mutex<Option<JoinHandle<()>>>,
    _watcher: DropGuard,
}

impl Shared {
    /// The file, when it is open.
    pub(super) fn database(&self) -> Option<Arc<Database>> {
        self.database
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Closes everything. By the writer, as the last thing it does.
    pub(super) fn end(&self) {
        self.queue.abandon();
        self.close_file();
        self.tails.close();
        self.watches.close();
    }

    /// Closes the file, once the last read under way is done. Reads are refused as unavailable until it is
    /// [`put back`](Self::put_back). By the writer.
    pub(super) fn close_file(&self) {
        let database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Closes the file, with no lock held.
        drop(database);
    }

    /// Opens the store for readers again. What the failed commit held may be in the file after all, so every reader is
    /// told that it has missed something. By the writer.
    pub(super) fn put_back(&self, database: Database) {
        *self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(database));
        for tail in self.tails.all() {
            tail.lag();
        }
        for watch in self.watches.all() {
            watch.lag();
        }
    }

    /// Whether nothing will be done any more.
    pub(super) fn has_ended(&self) -> bool {
        self.queue.is_closed()
    }

    /// Reads a snapshot here and now: for a handful of rows, which takes microseconds.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let database = self.database().ok_or(ReadError::Ended)?;
        read(&database.begin_read()?)
    }

    /// Reads a snapshot on a thread that may wait for the disk.
    pub(super) async fn read_many<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let _turn = self.reading.acquire().await;
        let database = self.database().ok_or(ReadError::Ended)?;
        tokio::task::spawn_blocking(move || read(&database.begin_read()?))
            .await
            .map_err(|_panicked| ReadError::Engine(super::schema::damaged("a read panicked")))?
    }
}

impl Store {
    pub(super) fn start(
        opened: Opened,
        settings: Settings,
        clock: Clock,
        shutdown: &Shutdown,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            database: RwLock::new(Some(Arc::new(opened.database))),
            queue: Queue::new(),
            tails: Readers::new(),
            watches: Readers::new(),
            reading: Semaphore::new(READING),
            clock,
        });
        let path = settings.path.clone();
        let writer = writer::start(Arc::clone(&shared), settings, opened.epoch)
            .map_err(|cause| OpenError::Io { path, cause })?;
        let dropped = CancellationToken::new();
        let watcher = dropped.clone().drop_guard();
        let (shutdown, ended) = (shutdown.clone(), Arc::downgrade(&shared));
        // Not one of the process's tasks: a shutdown waits for those before it forces, and this one waits for the force.
        Tasks::new().spawn(async move {
            tokio::select! {
                () = shutdown.forced() => if let Some(shared) = ended.upgrade() {
                    shared.queue.close();
                },
                () = dropped.cancelled() => {}
            }
        });
        Ok(Self {
            shared,
            epoch: opened.epoch,
            writer: Mutex::new(Some(writer)),
            _watcher: watcher,
        })
    }

    pub(super) async fn write(&self, op: Op) -> Result<(), Ended> {
        self.shared.queue.push(op).await
    }
}

impl Drop for Store {
    /// Waits for the writer, so that the file is closed in order and can be opened again.
    fn drop(&mut self) {
        self.shared.queue.close();
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended with a panic");
        }
    }
}
