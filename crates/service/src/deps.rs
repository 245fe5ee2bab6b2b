//! What a service is given by the process around it.

use fanfare_bus::Handles;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::Authority;
use std::sync::Arc;

/// The parts of a process that its services share. Clones share them too.
#[derive(Clone)]
pub struct Deps {
    /// Bus, log and records.
    pub handles: Handles,
    /// For times that are stored, signed or sent.
    pub clock: Clock,
    /// Where work runs that a shutdown waits for.
    pub tasks: Tasks,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Checks tokens and API keys. It may have been started before the auth service: it learns the keys over the bus.
    pub authority: Arc<Authority>,
    /// Where metrics are registered; each service once in a process.
    pub metrics: Metrics,
    /// Where spans are opened. What is asked of [`handles`](Self::handles) opens its own.
    pub traces: Traces,
}
