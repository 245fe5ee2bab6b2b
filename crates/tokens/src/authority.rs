//! The one place a service asks whether a token or key is good.

use crate::{
    ApiKey, Identity, Revocation, Settings, TokenError, Unverified,
    api_keys::ApiKeys,
    claims::{self, Times},
    issuers::Issuers,
    revocations::Revocations,
};
use fanfare_bus::Handles;
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::wire::Failure;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::broadcast;

/// Longest that a verification waits for the revocations to be there, after a start.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);

/// Verifies tokens and API keys. Key sets come over the bus from auth, or from configured files and URLs; revocations
/// by a watch, within a second.
pub struct Authority {
    issuers: Issuers,
    revocations: Arc<Revocations>,
    api_keys: ApiKeys,
    clock: Clock,
    leeway_ms: i64,
    user_claims: Vec<String>,
    /// How many tokens were refused, by the reason's place in [`TokenError::ALL`].
    refusals: [AtomicU64; TokenError::ALL.len()],
}

impl Authority {
    /// Begins to follow keys and revocations. Resolves before they are there: see [`is_ready`](Self::is_ready).
    ///
    /// # Errors
    ///
    /// The text says which setting is wrong.
    #[expect(
        clippy::unused_async,
        reason = "callers await it: starting may come to need I/O"
    )]
    pub async fn start(
        settings: Settings,
        handles: &Handles,
        clock: Clock,
        tasks: &Tasks,
        shutdown: &Shutdown,
    ) -> Result<Arc<Self>, String> {
        settings.validate()?;
        let issuers = Issuers::start(&settings, handles, tasks, shutdown)?;
        let revocations = Arc::new(Revocations::new());
        let follower = Arc::clone(&revocations);
        let (kv, until) = (Arc::clone(&handles.kv), shutdown.clone());
        tasks.spawn(async move { follower.follow(kv, until).await });
        Ok(Arc::new(Self {
            issuers,
            revocations,
            api_keys: ApiKeys::new(Arc::clone(&handles.bus)),
            clock,
            leeway_ms: i64::try_from(settings.leeway.as_millis()).unwrap_or(i64::MAX),
            user_claims: settings.user_claims,
            refusals: Default::default(),
        }))
    }

    /// Whether keys and revocations are there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.issuers.is_ready() && self.revocations.is_settled()
    }

    /// What is not there yet, in words for an operator.
    #[must_use]
    pub fn lacks(&self) -> Option<&'static str> {
        if !self.issuers.is_ready() {
            Some("the keys that tokens are checked with: no auth service has answered yet")
        } else if !self.revocations.is_settled() {
            Some("what was taken back of tokens: the store has not told it yet")
        } else {
            None
        }
    }

    /// Checks a token: signature, issuer, audience, times, claims, revocations. Waits for a fresh key set, 5 s at most,
    /// when the key is not known yet, and as long again, right after a start, for the revocations.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped call has changed nothing.
    pub async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        let verdict = self.verdict(token).await;
        if let Err(error) = &verdict {
            self.refusals[*error as usize].fetch_add(1, Ordering::Relaxed);
        }
        verdict
    }

    /// How many tokens were refused for this reason.
    #[must_use]
    pub fn refusals(&self, error: TokenError) -> u64 {
        self.refusals[error as usize].load(Ordering::Relaxed)
    }

    async fn verdict(&self, token: &str) -> Result<Identity, TokenError> {
        let token = Unverified::parse(token)?;
        let issuer = self.issuers.of(&token)?;
        issuer.check_signature(&token).await?;
        let times = Times {
            now_ms: self.clock.now_ms(),
            leeway_ms: self.leeway_ms,
        };
        claims::check_times(token.claims(), times)?;
        if let Some(audience) = &issuer.audience {
            claims::check_audience(token.claims(), audience)?;
        }
        let mut identity = claims::identity(token.claims(), &self.user_claims)?;
        if !issuer.accept_admin {
            identity.scopes.retain(|scope| scope != "admin");
        }
        if !self.revocations.is_settled() {
            tokio::time::timeout(SETTLE_LIMIT, self.revocations.settled())
                .await
                .map_err(|_elapsed| TokenError::Unavailable)?;
        }
        if self.revocations.hits(&identity) {
            return Err(TokenError::Revoked);
        }
        Ok(identity)
    }

    /// Checks an API key with the auth service; good answers are kept for at most 5 s.
    ///
    /// # Errors
    ///
    /// `unauthorized`, or `unavailable` when auth is away.
    pub async fn api_key(&self, key: &str) -> Result<ApiKey, Failure> {
        self.api_keys.check(key).await
    }

    /// Every revocation from now on. A receiver that lags asks [`is_revoked`](Self::is_revoked) of everybody.
    #[must_use]
    pub fn revocations(&self) -> broadcast::Receiver<Revocation> {
        self.revocations.subscribe()
    }

    /// Whether this identity's token has been taken back since it was verified.
    #[must_use]
    pub fn is_revoked(&self, identity: &Identity) -> bool {
        self.revocations.hits(identity)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}
