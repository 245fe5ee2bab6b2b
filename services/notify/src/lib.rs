//! Publishing, the inbox and the delivery trail.
//!
//! A notification comes in over [`http`], is checked ([`notification::draft`]) and appended once to the log of each
//! channel it goes to ([`notification::publish`]); an `Idempotency-Key` makes that repeatable ([`idempotency`]). The
//! [`inbox`] is a merged view of a user's logs, with his read state beside it. The [`trail`] answers who got it, when,
//! and if not, why not. What gateways ask comes in over the bus ([`serve`]).
//!
//! Nothing is kept in the process but how often each user asks and which gateways there are: everything else is in the
//! log and in small records, so any number of workers may run.

mod core;
mod http;
mod idempotency;
mod inbox;
mod metrics;
mod notification;
mod publication;
mod serve;
mod settings;
mod trail;

pub use settings::{Settings, StoredAs};

use crate::core::Core;
use fanfare_bus::{BusError, bus::Serving};
use fanfare_http::OpenApiRouter;
pub use fanfare_service::Deps;
use fanfare_service::{fields, gateways, hash, problem};
use std::sync::Arc;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is out of its range; the text names it and the range.
    #[error("{0}")]
    Setting(&'static str),
    /// The bus took no subscription.
    #[error("the service cannot be reached over the bus: {0}")]
    Bus(#[from] BusError),
}

/// The running service. Serves the bus for as long as it lives; background work ends with the shutdown.
pub struct Notify {
    core: Arc<Core>,
    #[expect(dead_code, reason = "held for their drop")]
    serving: Vec<Serving>,
}

/// Starts the service: answers on the bus from when this resolves, and over HTTP through [`Notify::router`].
///
/// # Errors
///
/// [`StartError`]; nothing runs then.
pub async fn start(settings: Settings, deps: Deps) -> Result<Notify, StartError> {
    settings.check().map_err(StartError::Setting)?;
    let gateways = gateways::follow(&*deps.handles.bus, &deps.tasks, &deps.shutdown).await?;
    let (core, touched) = Core::new(settings, &deps, gateways);
    let serving = serve::all(&core, &deps.tasks).await?;
    inbox::push::spawn(Arc::clone(&core), touched, &deps.tasks, &deps.shutdown);
    notification::due::spawn(Arc::clone(&core), &deps.tasks, &deps.shutdown);
    Ok(Notify { core, serving })
}

impl Notify {
    /// Every route under `/v1`, with its documentation.
    pub fn router(&self) -> OpenApiRouter {
        http::router(Arc::clone(&self.core))
    }
}
