//! The back end for many processes: [`Bus`](crate::Bus) on NATS core, [`Log`](trait@crate::Log) and [`Kv`](crate::Kv) on
//! JetStream.
//!
//! A process has three connections (`connection`): what is heard comes over `live`, what is asked and written goes over
//! `ctl`, and requests arrive over `served`, so that a flood of deliveries never holds up an answer. A connection tells
//! its readers when they may have missed something.

mod api;
mod bus;
mod connect;
mod connection;
mod fetch;
mod header;
mod inbox;
mod kv;
mod log;
mod login;
mod observer;
mod publish;
mod refusal;
mod settings;
mod stored;
mod stream;
mod watcher;

use self::log::{AbsentLog, NatsLog};
use crate::{Handles, Log};
use connection::Link;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use std::sync::Arc;

pub use self::log::{LayoutError, LogSettings};
pub use connect::OpenError;
pub use login::read_secret;
pub use observer::{Deaf, Line, Observer};
pub use settings::{ClientCertificate, Login, Role, Secret, Settings};

/// Connects to NATS and makes what Fanfare keeps there, unless it is there or this process is a [`Role::Reader`].
///
/// Waits for a server that does not answer yet, [`Settings::connect_limit`] at most. Later the connections come again by
/// themselves; meanwhile everything is refused as unavailable. They close when the last clone of the handles is dropped
/// or when `shutdown` is forced. What the back end runs, runs as `tasks`.
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
    let link = Arc::new(Link::connect(&settings, tasks, shutdown).await?);
    let (role, shards) = (settings.role, settings.log);
    let replicas = (role != Role::Reader).then_some(settings.replicas);
    let log: Arc<dyn Log> = match role {
        Role::Records => Arc::new(AbsentLog),
        Role::Worker | Role::Reader => {
            let log = NatsLog::open(Arc::clone(&link), shards, replicas, clock, tasks);
            Arc::new(log.await?)
        }
    };
    Ok(Handles {
        bus: Arc::new(bus::NatsBus::new(Arc::clone(&link), tasks, shutdown)),
        log,
        kv: Arc::new(kv::NatsKv::new(link, replicas, tasks)),
    })
}

/// Gives every shard of a log that is there an epoch it has not had; how many shards there are. Whoever comes with a
/// cursor of before is then told that it does not count any more: what a log needs that was put back from a backup.
///
/// Needs a login that may change streams. Processes that run learn of it at their next start only.
///
/// # Errors
///
/// [`OpenError`], in words for the operator.
pub async fn renew_epochs(
    settings: &Settings,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<u16, OpenError> {
    let link = Link::connect(settings, tasks, shutdown).await?;
    Ok(log::renew_epochs(&link.ctl).await?)
}
