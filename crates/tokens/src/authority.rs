//! The one place a service asks whether a token or key is good.

use crate::{Identity, Revocation, TokenError};
use fanfare_bus::Handles;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::wire::Failure;
use std::sync::Arc;
use tokio::sync::broadcast;

/// What a service accepts.
#[derive(Clone, Debug, Default)]
pub struct Settings {}

/// A verified API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which is no secret.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// Verifies tokens and API keys. Key sets come over the bus from auth, or from configured files and URLs; revocations
/// by a watch, within a second.
#[derive(Debug)]
pub struct Authority {}

impl Authority {
    /// Begins to follow keys and revocations. Resolves before they are there: see [`is_ready`](Self::is_ready).
    ///
    /// # Errors
    ///
    /// The text says which setting is wrong.
    pub async fn start(
        settings: Settings,
        handles: &Handles,
        clock: Clock,
        tasks: &Tasks,
        shutdown: &Shutdown,
    ) -> Result<Arc<Self>, String> {
        todo!()
    }

    /// Whether keys and revocations are there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        todo!()
    }

    /// Checks a token: signature, issuer, audience, times, claims, revocations. Waits for a fresh key set, 5 s at most,
    /// when the key is not known yet.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        todo!()
    }

    /// Checks an API key with the auth service; good answers are kept for a few seconds.
    ///
    /// # Errors
    ///
    /// `unauthorized`, or `unavailable` when auth is away.
    pub async fn api_key(&self, key: &str) -> Result<ApiKey, Failure> {
        todo!()
    }

    /// Every revocation from now on. A receiver that lags asks [`is_revoked`](Self::is_revoked) of everybody.
    #[must_use]
    pub fn revocations(&self) -> broadcast::Receiver<Revocation> {
        todo!()
    }

    /// Whether this identity's token has been taken back since it was verified.
    #[must_use]
    pub fn is_revoked(&self, identity: &Identity) -> bool {
        todo!()
    }
}
