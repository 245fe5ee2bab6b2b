//! How many gateways there are, by what each says of itself.

use crate::core::Core;
use fanfare_bus::{BusError, bus::Received};
use fanfare_lifecycle::{Shutdown, Tasks};
use fanfare_proto::{subject, wire::GatewayHere};
use prost::Message as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The gateways that were heard of late.
#[derive(Debug, Default)]
pub(crate) struct Gateways(Mutex<fanfare_bus::Gateways>);

impl Gateways {
    /// How many answers there will be to a question to every gateway; [`usize::MAX`] while that is not known.
    pub(crate) fn expected(&self) -> usize {
        let mut heard = self.lock();
        drop(heard.take_gone());
        heard.expected()
    }

    fn take(&self, received: Received) {
        match received {
            Received::Message(message) => {
                if let Ok(told) = GatewayHere::decode(message.payload) {
                    self.lock().hear(&told);
                }
            }
            Received::Lagged => self.lock().missed(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, fanfare_bus::Gateways> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens until the shutdown begins.
pub(crate) async fn follow(
    core: Arc<Core>,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<(), BusError> {
    let mut messages = core.handles.bus.subscribe(subject::GATEWAY_HERE).await?;
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        loop {
            let received = tokio::select! {
                () = shutdown.begun() => return,
                received = messages.next() => received,
            };
            let Some(received) = received else { return };
            core.gateways.take(received);
        }
    });
    Ok(())
}
