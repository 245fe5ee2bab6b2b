//! Which gateways there are, by what each says of itself.

use fanfare_bus::{Bus, BusError, bus::Received};
use fanfare_lifecycle::{Shutdown, Tasks};
use fanfare_proto::{subject, wire::GatewayHere};
use prost::Message as _;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The gateways that were heard of late.
#[derive(Debug, Default)]
pub struct Gateways(Mutex<fanfare_bus::Gateways>);

impl Gateways {
    /// How many answers there will be to a question to every gateway; [`usize::MAX`] while that is not known.
    #[must_use]
    pub fn expected(&self) -> usize {
        let mut heard = self.lock();
        drop(heard.take_gone());
        heard.expected()
    }

    /// Their names, in order, each once.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<String> {
        let mut heard = self.lock();
        drop(heard.take_gone());
        heard.nodes()
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

/// Follows them until the shutdown begins.
///
/// # Errors
///
/// The bus takes no subscription.
pub async fn follow(
    bus: &dyn Bus,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<Arc<Gateways>, BusError> {
    let mut messages = bus.subscribe(subject::GATEWAY_HERE).await?;
    let gateways = Arc::new(Gateways::default());
    let (followed, shutdown) = (Arc::clone(&gateways), shutdown.clone());
    tasks.spawn(async move {
        loop {
            let received = tokio::select! {
                () = shutdown.begun() => return,
                received = messages.next() => received,
            };
            let Some(received) = received else { return };
            followed.take(received);
        }
    });
    Ok(gateways)
}
