//! The back end that needs nothing else installed: [`Bus`](crate::Bus) inside this process, [`Log`](crate::Log) and
//! [`Kv`](crate::Kv) in one file.
//!
//! A write goes `log`/`kv` → `queue` → `writer`, the only thread that writes: it takes what is queued, does it in one
//! `commit`, makes that durable, and only then answers and feeds the tails and watches. A read takes a snapshot of the
//! file and waits for nobody.

mod bus;
mod commit;
mod file;
mod kv;
mod log;
mod queue;
mod read;
mod schema;
mod store;
mod watch;
mod writer;

use crate::Handles;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use file::OpenError;

/// Where the store is and how much it keeps.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory; created when it is not there, for this user only.
    pub path: PathBuf,
    /// Records older than this are removed, in milliseconds. Default: 30 days.
    pub retention_ms: u64,
    /// A channel keeps this many of its newest ordinals. Default: 100,000. At least 1.
    pub retention_records: u64,
    /// Pages kept in memory, in bytes: the hot ends of the channels and the upper levels of the trees. More helps only
    /// readers of old history. Default: 128 MiB.
    pub cache_bytes: usize,
}

impl Settings {
    /// The defaults, in `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            retention_ms: 30 * 24 * 3600 * 1000,
            retention_records: 100_000,
            cache_bytes: 128 * 1024 * 1024,
        }
    }
}

/// Opens the store in `settings.path`, or makes a new one there.
///
/// An append that was answered is on disk. The store ends when the last clone of the handles is dropped (which waits for
/// the writes under way, milliseconds) or when `shutdown` is forced; what was queued until then is done, what comes
/// later is refused as unavailable. Responders run as `tasks`.
///
/// The writer is a thread of its own: a test with paused tokio time may see a wait on it time out early.
///
/// # Errors
///
/// [`OpenError`], in words for the operator.
pub async fn open(
    settings: Settings,
    clock: Clock,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<Handles, OpenError> {
    let path = settings.path.clone();
    let cache_bytes = settings.cache_bytes;
    let opened = tokio::task::spawn_blocking(move || file::open(&path, cache_bytes))
        .await
        .map_err(|_panicked| OpenError::Damaged {
            path: settings.path.clone(),
        })??;
    let store = Arc::new(store::Store::start(opened, settings, clock, shutdown)?);
    Ok(Handles {
        bus: Arc::new(bus::LocalBus::new(tasks, shutdown)),
        log: Arc::<store::Store>::clone(&store),
        kv: store,
    })
}

/// Gives the log in `path`, which is not open, an epoch it has not had. Whoever comes with a cursor of before is then told
/// that it does not count any more: what a log needs that was put back from a backup. Blocks, for some milliseconds.
///
/// # Errors
///
/// [`OpenError`], in words for the operator; also where there is no store.
pub fn renew_epoch(path: &Path) -> Result<(), OpenError> {
    file::renew_epoch(path)
}
