//! What the endpoints work with.

use crate::{
    Settings, api_keys::ApiKeys, families::Families, key_ring::KeyRing, login_limits::Attempts,
    metrics::Meters, passwords::Passwords, store::Store, users::Users,
};
use fanfare_bus::bus::Serving;
use fanfare_lifecycle::Clock;
use fanfare_tokens::Authority;
use std::{ops::Deref, sync::Arc};

/// The parts of the service.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) authority: Arc<Authority>,
    pub(crate) store: Store,
    pub(crate) users: Users,
    pub(crate) families: Families,
    pub(crate) api_keys: ApiKeys,
    pub(crate) key_ring: Arc<KeyRing>,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Attempts,
    pub(crate) meters: Meters,
}

/// The parts, and the guards that keep the bus answered for as long as anybody can still reach the service.
#[derive(Clone)]
pub(crate) struct Shared {
    app: Arc<App>,
    #[expect(dead_code, reason = "held for its drop")]
    serving: Arc<[Serving]>,
}

impl Shared {
    pub(crate) fn new(app: Arc<App>, serving: Vec<Serving>) -> Self {
        Self {
            app,
            serving: serving.into(),
        }
    }
}

impl Deref for Shared {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
