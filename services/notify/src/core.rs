//! What every handler has at hand.

use crate::{
    Deps, Settings,
    inbox::{counts, push::Touched},
    metrics::Meters,
    trail::ack,
};
use fanfare_bus::Handles;
use fanfare_lifecycle::Clock;
use fanfare_service::{Gateways, UserRate};
use fanfare_tokens::Authority;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

/// Buckets of small records.
pub(crate) mod bucket {
    /// Notifications, and what became of them.
    pub(crate) const TRAIL: &str = "trail";
    /// Read state, one record a user.
    pub(crate) const INBOX: &str = "inbox";
    /// First answers, by `Idempotency-Key`.
    pub(crate) const IDEMPOTENCY: &str = "idempotency";
    /// The newest notification of each collapse key and channel.
    pub(crate) const COLLAPSE: &str = "collapse";
}

pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    pub(crate) authority: Arc<Authority>,
    pub(crate) meters: Meters,
    pub(crate) touched: Touched,
    /// Whom a question to every gateway reaches.
    pub(crate) gateways: Arc<Gateways>,
    /// Turns to count an inbox.
    pub(crate) counting: Semaphore,
    /// Turns to wait for the record of what was acknowledged early.
    pub(crate) early_acks: Semaphore,
    /// Requests of users for their inboxes.
    pub(crate) inbox_rate: Arc<UserRate>,
}

impl Core {
    pub(crate) fn new(
        settings: Settings,
        deps: &Deps,
        gateways: Arc<Gateways>,
    ) -> (Arc<Self>, mpsc::Receiver<String>) {
        let meters = Meters::new(&deps.metrics);
        let (touched, users) = Touched::new();
        let core = Self {
            settings,
            handles: deps.handles.clone(),
            clock: deps.clock.clone(),
            authority: Arc::clone(&deps.authority),
            meters,
            touched,
            gateways,
            counting: Semaphore::new(counts::AT_ONCE),
            early_acks: Semaphore::new(ack::EARLY_MAX),
            inbox_rate: UserRate::new(deps.clock.clone(), &deps.tasks, &deps.shutdown),
        };
        (Arc::new(core), users)
    }

    /// Has new counts sent to `user` soon. Never waits; under too much of it some are left out.
    pub(crate) fn touch(&self, user: &str) {
        if !self.touched.add(user) {
            self.meters.counts_dropped.inc();
        }
    }
}
