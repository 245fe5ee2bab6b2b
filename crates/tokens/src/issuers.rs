//! Whose tokens are accepted, by name.

use crate::{
    Algorithm, Issuer, KeySource, PublicKey, Settings, TokenError, Unverified, follower::Follower,
    key_source::Source,
};
use fanfare_bus::Handles;
use fanfare_lifecycle::{Shutdown, Tasks};
use std::{collections::HashMap, sync::Arc};

/// The accepted issuers and their keys.
#[derive(Debug)]
pub(crate) struct Issuers {
    by_name: HashMap<String, Trusted>,
    /// Whose the tokens without `iss` are.
    nameless: Option<String>,
    /// Our own, which [`is_ready`](Self::is_ready) waits for. Of the others none is waited for: somebody else's outage
    /// must not take us out.
    own: Option<Arc<Follower>>,
}

/// One accepted issuer.
#[derive(Debug)]
pub(crate) struct Trusted {
    keys: Keys,
    pub(crate) audience: Option<String>,
    pub(crate) accept_admin: bool,
}

#[derive(Debug)]
enum Keys {
    Published(Arc<Follower>),
    Shared(PublicKey),
}

impl Issuers {
    pub(crate) fn start(
        settings: &Settings,
        handles: &Handles,
        tasks: &Tasks,
        shutdown: &Shutdown,
    ) -> Result<Self, String> {
        let follow = |name: &str, source: Source| {
            let follower = Arc::new(Follower::new(name, &source));
            tasks.spawn(Arc::clone(&follower).follow(source, shutdown.clone()));
            follower
        };
        let mut by_name = HashMap::new();
        for issuer in &settings.external {
            let keys = match &issuer.keys {
                KeySource::Url(url) => Keys::Published(follow(&issuer.name, Source::url(url)?)),
                KeySource::File(path) => {
                    Keys::Published(follow(&issuer.name, Source::File(path.clone())))
                }
                KeySource::SharedSecret(secret) => Keys::Shared(PublicKey::secret(secret.bytes())),
            };
            by_name.insert(issuer.name.clone(), Trusted::of(issuer, keys));
        }
        let own = settings.issuer.as_ref().map(|name| {
            let bus = Arc::clone(&handles.bus);
            let issuer = name.clone();
            let follower = follow(name, Source::Auth { bus, issuer });
            let trusted = Trusted {
                keys: Keys::Published(Arc::clone(&follower)),
                audience: None,
                accept_admin: true,
            };
            by_name.insert(name.clone(), trusted);
            follower
        });
        let nameless = settings
            .external
            .iter()
            .find(|issuer| issuer.accept_missing_issuer)
            .map(|issuer| issuer.name.clone());
        Ok(Self {
            by_name,
            nameless,
            own,
        })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.own
            .as_ref()
            .is_none_or(|follower| follower.keys().is_some())
    }

    /// The configured issuer that `token` says it is from.
    pub(crate) fn of(&self, token: &Unverified<'_>) -> Result<&Trusted, TokenError> {
        let name = token.issuer()?.or(self.nameless.as_deref());
        name.and_then(|name| self.by_name.get(name))
            .ok_or(TokenError::Issuer)
    }
}

impl Trusted {
    fn of(issuer: &Issuer, keys: Keys) -> Self {
        Self {
            keys,
            audience: issuer.audience.clone(),
            accept_admin: issuer.accept_admin,
        }
    }

    /// Checks the signature with the issuer's own keys alone. Asks for a fresh set when the key is not known.
    pub(crate) async fn check_signature(&self, token: &Unverified<'_>) -> Result<(), TokenError> {
        let follower = match &self.keys {
            Keys::Shared(key) => return check(key, token),
            Keys::Published(_) if token.algorithm == Algorithm::Hs256 => {
                return Err(TokenError::Algorithm);
            }
            Keys::Published(follower) => follower,
        };
        let kid = token.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let known = |follower: &Follower| {
            let keys = follower.keys()?;
            keys.get(kid).map(|key| check(key, token))
        };
        if let Some(outcome) = known(follower) {
            return outcome;
        }
        follower.refreshed().await;
        if let Some(outcome) = known(follower) {
            return outcome;
        }
        Err(if follower.keys().is_some() {
            TokenError::UnknownKey
        } else {
            TokenError::Unavailable
        })
    }
}

fn check(key: &PublicKey, token: &Unverified<'_>) -> Result<(), TokenError> {
    if key.algorithm() != token.algorithm {
        Err(TokenError::Algorithm)
    } else if key.verifies(token.signed, &token.signature) {
        Ok(())
    } else {
        Err(TokenError::Signature)
    }
}
