//! The back end for many processes: [`Bus`](crate::Bus) on NATS core, [`Log`](crate::Log) and [`Kv`](crate::Kv) on
//! JetStream.
//!
//! A process has two connections (`connection`): what is heard comes over `live`, what is asked and written goes over
//! `ctl`, so that a flood of deliveries never holds up an answer. A connection tells its readers when they may have
//! missed something.

mod bus;
mod connect;
mod connection;
mod inbox;
mod missing;
mod settings;
mod watcher;

use crate::Handles;
use connection::Link;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use missing::Missing;
use std::sync::Arc;

pub use connect::OpenError;
pub use settings::{ClientCertificate, Login, Secret, Settings};

/// Connects to NATS and makes what Fanfare keeps there, unless it is there.
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
    let missing = Arc::new(Missing::new(Arc::clone(&link), clock));
    Ok(Handles {
        bus: Arc::new(bus::NatsBus::new(link, tasks, shutdown)),
        log: Arc::<Missing>::clone(&missing) as _,
        kv: missing,
    })
}
