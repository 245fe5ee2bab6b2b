//! The service, started.

use crate::{
    FirstRun, Settings,
    api_keys::{ApiKeys, NewApiKey},
    app::{App, Shared},
    families::Families,
    fault::Fault,
    first_start::first_start,
    http,
    key_ring::KeyRing,
    login_limits::Attempts,
    metrics::Meters,
    passwords::Passwords,
    responder,
    settings::ttl_ms,
    store::Store,
    users::Users,
};
use fanfare_http::OpenApiRouter;
use fanfare_service::Deps;
use fanfare_tokens::ApiKeyText;
use std::{fmt, sync::Arc};

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong; the text says which.
    #[error("{0}")]
    Settings(String),
    /// The back end is away: try again.
    #[error("the auth service's store or bus is away")]
    Unavailable,
    /// The store failed, or holds what this version cannot read. The cause is in its own log line.
    #[error("the auth service's store failed")]
    Store,
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable => Self::Unavailable,
            Fault::Conflict | Fault::Busy { .. } | Fault::JustRevoked { .. } | Fault::Internal => {
                Self::Store
            }
        }
    }
}

/// The running service. It answers over the bus for as long as this or a router of it lives.
pub struct Auth {
    shared: Shared,
    /// What the very first start made; `None` ever after.
    pub first_run: Option<FirstRun>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// Starts the service: reads or makes the signing keys, makes the first administrator if there never was one, and answers
/// over the bus. Any number of workers may start at once. A store that is away is waited for, half a minute at most.
///
/// # Errors
///
/// [`StartError`].
pub async fn start(settings: Settings, deps: Deps) -> Result<Auth, StartError> {
    settings.validate().map_err(StartError::Settings)?;
    let store = Store {
        kv: Arc::clone(&deps.handles.kv),
    };
    let bus = Arc::clone(&deps.handles.bus);
    let passwords = Passwords::start(settings.passwords)
        .await
        .map_err(StartError::Settings)?;
    store.until_there().await?;
    let key_ring = KeyRing::open(
        store.clone(),
        Arc::clone(&bus),
        deps.clock.clone(),
        settings.key_rotation,
    )
    .await?;
    let users = Users::new(store.clone());
    let now_ms = deps.clock.now_ms();
    let first_run = first_start(&store, &users, &passwords, &settings, now_ms).await?;
    let app = Arc::new(App {
        clock: deps.clock,
        authority: deps.authority,
        users,
        families: Families::new(store.clone(), ttl_ms(settings.refresh_ttl)),
        api_keys: ApiKeys::new(store.clone()),
        key_ring: Arc::new(key_ring),
        passwords,
        attempts: Attempts::new(settings.login),
        meters: Meters::new(&deps.metrics),
        store,
        settings,
    });
    let serving = responder::serve(&app, &*bus, &deps.tasks)
        .await
        .map_err(|_away| StartError::Unavailable)?;
    // Verifiers that asked before anybody answered ask again.
    app.key_ring.announce().await;
    let follower = Arc::clone(&app.key_ring);
    deps.tasks.spawn(follower.follow(deps.shutdown));
    Ok(Auth {
        shared: Shared::new(app, serving),
        first_run,
    })
}

impl Auth {
    /// Every endpoint, at its full path, and their OpenAPI description. Put
    /// [`TrustedProxies`](fanfare_http::TrustedProxies) around it when there are any: logins are limited by address.
    #[must_use]
    pub fn router(&self) -> OpenApiRouter {
        http::router(self.shared.clone())
    }

    /// An API key for this machine's own tools, as `local-<name>`. `existing`, when it is that key and still good, is
    /// given back; otherwise a new key takes the old one's place, which ends.
    ///
    /// # Errors
    ///
    /// [`StartError::Settings`] when `name` is no id or a scope is unknown, else as [`start`].
    pub async fn ensure_local_key(
        &self,
        name: &str,
        scopes: &[&str],
        existing: Option<&str>,
    ) -> Result<String, StartError> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let id = format!("local-{name}");
        if !fanfare_proto::channel::is_id(&id) {
            return Err(StartError::Settings(format!("{name:?} cannot name a key")));
        }
        http::check_scopes(&scopes)
            .map_err(|problem| StartError::Settings(problem.detail().to_owned()))?;
        let existing = existing.and_then(|text| ApiKeyText::parse(text.trim()));
        if let Some(text) = existing {
            let known = self.shared.api_keys.by_digest(&text.digest()).await?;
            if known.is_some_and(|key| key.id == id && key.scopes == scopes) {
                return Ok(text.expose().to_owned());
            }
        }
        let new = NewApiKey {
            name: id.clone(),
            scopes,
            created_by: "this machine".to_owned(),
            now_ms: self.shared.clock.now_ms(),
        };
        let text = self.shared.api_keys.replace(&id, new).await?;
        Ok(text.expose().to_owned())
    }
}
