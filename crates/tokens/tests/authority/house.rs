//! A process around an authority.

use fanfare_bus::{Handles, bus::Serving, embedded};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{
    subject,
    wire::{KeySetReply, Reply},
};
use fanfare_tokens::{Authority, Issuer, KeySet, KeySource, Settings, SigningKey};
use prost::Message as _;
use serde_json::Value;
use std::sync::{Arc, Mutex};

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const NOW_S: i64 = NOW_MS / 1_000;

pub(crate) struct House {
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) shutdown: Shutdown,
    pub(crate) dir: tempfile::TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, tasks, shutdown) = (Clock::manual(NOW_MS), Tasks::new(), Shutdown::new());
        let settings = embedded::Settings::new(dir.path().join("store"));
        let handles = embedded::open(settings, clock.clone(), &tasks, &shutdown)
            .await
            .unwrap();
        Self {
            handles,
            clock,
            tasks,
            shutdown,
            dir,
        }
    }

    pub(crate) async fn authority(&self, settings: Settings) -> Arc<Authority> {
        let clock = self.clock.clone();
        Authority::start(settings, &self.handles, clock, &self.tasks, &self.shutdown)
            .await
            .unwrap()
    }

    /// Accepts our own tokens only.
    pub(crate) async fn own(&self) -> Arc<Authority> {
        self.authority(Settings::default()).await
    }

    /// Accepts one external issuer's tokens only.
    pub(crate) async fn trusting(&self, issuer: Issuer) -> Arc<Authority> {
        let settings = Settings {
            issuer: None,
            external: vec![issuer],
            ..Settings::default()
        };
        self.authority(settings).await
    }

    /// Answers for keys as the auth service does, with whatever `keys` holds then.
    pub(crate) async fn serve_keys(&self, issuer: &str, keys: &Arc<Mutex<Vec<Value>>>) -> Serving {
        let (issuer, keys) = (issuer.to_owned(), Arc::clone(keys));
        let responder = move |_request| {
            let document = KeySet::document(&keys.lock().unwrap()).to_string();
            let reply = Reply::ok(&KeySetReply {
                issuer: issuer.clone(),
                jwks: document.into(),
            });
            Box::pin(async move { reply.encode_to_vec().into() }) as _
        };
        self.handles
            .bus
            .serve(subject::AUTH_KEY_SET, Some("auth"), Box::new(responder))
            .await
            .unwrap()
    }

    /// A house whose own key is served.
    pub(crate) async fn with_key() -> (Self, SigningKey, Serving) {
        let house = Self::open().await;
        let key = SigningKey::generate().unwrap();
        let keys = Arc::new(Mutex::new(vec![key.jwk()]));
        let serving = house.serve_keys("fanfare", &keys).await;
        (house, key, serving)
    }
}

pub(crate) fn issuer(name: &str, keys: KeySource) -> Issuer {
    Issuer {
        name: name.to_owned(),
        keys,
        audience: None,
        accept_missing_issuer: false,
        accept_admin: false,
    }
}

/// Claims of `iss` that are fine in every way.
pub(crate) fn claims(iss: &str) -> Value {
    serde_json::json!({ "iss": iss, "sub": "7", "iat": NOW_S, "exp": NOW_S + 60 })
}
