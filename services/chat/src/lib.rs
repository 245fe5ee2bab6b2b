//! Chat: rooms with members, messages, history, read marks, moderation.
//!
//! A [`room`] is a channel of the log, and everything that happens in it is an entry there. Who wants something is an
//! [`actor`]; what he may is decided by the room and by what he is to it ([`room::Standing`]), here and nowhere else. A
//! message is checked ([`message`]), and appended with the room's tally by its [`mod@line`]; what it and later entries
//! change beside the log ([`overlay`], threads, mentions) is its [`effect`], which [`pending`] sees done also when a
//! worker dies half-way. [`history`] shows messages as they are now, [`list`] a user's rooms, [`mark`] what he has not
//! read. [`members`] and [`moderation`] change what users are to rooms, a [`step`] at a time, [`rooms`] makes rooms,
//! [`patch`] changes them, and [`announce`] tells it. What gateways ask comes in over the bus ([`serve`]), what
//! backends and front ends ask over [`http`].
//!
//! Nothing is kept in the process but where rooms end, as far as it knows, and how often each user asks; so any number
//! of workers may run.

mod actor;
mod announce;
mod audit;
mod change;
mod core;
mod effect;
mod event;
mod find;
mod history;
mod http;
mod key;
mod line;
mod list;
mod mark;
mod member;
mod members;
mod mention;
mod message;
mod metrics;
mod moderation;
mod notice;
mod once;
mod overlay;
mod patch;
mod pending;
mod room;
mod rooms;
mod seen;
mod send;
mod serve;
mod settings;
mod step;
mod stretch;
mod thread;
mod typing;

pub use fanfare_service::Deps;
pub use settings::Settings;

use crate::core::Core;
use fanfare_bus::{BusError, bus::Serving};
use fanfare_http::OpenApiRouter;
use fanfare_service::gateways;
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
pub struct Chat {
    core: Arc<Core>,
    #[expect(dead_code, reason = "held for their drop")]
    serving: Vec<Serving>,
}

/// Starts the service: answers on the bus from when this resolves, and over HTTP through [`Chat::router`].
///
/// # Errors
///
/// [`StartError`]; nothing runs then.
pub async fn start(settings: Settings, deps: Deps) -> Result<Chat, StartError> {
    settings.check().map_err(StartError::Setting)?;
    let gateways = gateways::follow(&*deps.handles.bus, &deps.tasks, &deps.shutdown).await?;
    let core = Core::new(settings, &deps, gateways);
    let serving = serve::all(&core, &deps.tasks).await?;
    seen::follow(Arc::clone(&core), &deps.tasks, &deps.shutdown).await?;
    pending::spawn_sweep(&core, &deps.shutdown);
    Ok(Chat { core, serving })
}

impl Chat {
    /// Every route under `/v1/rooms` and `/v1/chat`, with its documentation.
    pub fn router(&self) -> OpenApiRouter {
        http::router(Arc::clone(&self.core))
    }
}
