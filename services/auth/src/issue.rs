//! Tokens for those who may have them.

use crate::{app::App, fault::Fault, metrics::Issue, settings::ms, user::User};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use fanfare_tokens::{Identity, random_base62, revoked_until_ms};

/// Random characters of a `sid` and a `jti` (131 bits).
const ID_CHARS: usize = 22;

/// How far ahead of the clock a token may be dated, in seconds. Verifiers allow for more.
pub(crate) const AHEAD_S: i64 = 1;

impl App {
    /// What a token for `user` says it was issued at: now, in whole seconds as `iat` counts, but after everything that was
    /// taken back of his. That may be [`AHEAD_S`] ahead, which the leeway of verifiers covers.
    ///
    /// Asked *before* the account is read for the last time: a revocation that comes between the two then hits the token.
    ///
    /// # Errors
    ///
    /// [`Fault::JustRevoked`] when it would have to be further ahead, because he was revoked more than once just now.
    pub(crate) async fn issue_date_ms(&self, user: &str) -> Result<i64, Fault> {
        let until_ms = revoked_until_ms(&*self.store.kv, user).await?;
        let now_ms = self.clock.now_ms();
        let now_s = now_ms.div_euclid(1_000);
        let after_s = until_ms.map_or(i64::MIN, |until_ms| until_ms.div_euclid(1_000) + 1);
        if after_s > now_s + AHEAD_S {
            let wait_ms = (after_s - AHEAD_S) * 1_000 - now_ms;
            return Err(Fault::JustRevoked {
                retry_after_ms: wait_ms.unsigned_abs(),
            });
        }
        Ok(now_s.max(after_s) * 1_000)
    }

    /// An access token of a login.
    ///
    /// # Errors
    ///
    /// `bad_message` when the account's groups and channels are more than a token holds.
    pub(crate) fn access_token(
        &self,
        user: &User,
        session: &str,
        issued_at_ms: i64,
        occasion: Issue,
    ) -> Result<String, Problem> {
        let identity = Identity {
            user: user.id.clone(),
            name: Some(user.name.clone().unwrap_or_else(|| user.username.clone())),
            groups: user.groups.clone(),
            channels: user.rights(),
            scopes: user.scopes(),
            session: Some(session.to_owned()),
            token_id: None,
            issued_at_ms,
            expires_at_ms: issued_at_ms + ms(self.settings.access_ttl),
        };
        self.mint(identity, occasion)
    }

    /// Signs a token, with an id of its own.
    ///
    /// # Errors
    ///
    /// `bad_message` when it would be longer than verifiers take.
    pub(crate) fn mint(&self, mut identity: Identity, occasion: Issue) -> Result<String, Problem> {
        identity.token_id = Some(random_id()?);
        let token = self
            .key_ring
            .ring()
            .current
            .mint(&self.settings.issuer, &identity)
            .map_err(|error| Problem::new(ErrorCode::BadMessage, error.to_string()))?;
        self.meters.tokens.of(occasion).inc();
        Ok(token)
    }

    /// Whether a token can hold what `user` may do.
    ///
    /// # Errors
    ///
    /// What is too much.
    pub(crate) fn check_fits(&self, user: &User) -> Result<(), String> {
        let identity = Identity {
            user: user.id.clone(),
            name: Some("x".repeat(user.name.as_ref().unwrap_or(&user.username).len())),
            groups: user.groups.clone(),
            channels: user.rights(),
            scopes: user.scopes(),
            session: Some("x".repeat(ID_CHARS)),
            token_id: Some("x".repeat(ID_CHARS)),
            ..Identity::default()
        };
        // The times lack some twenty characters.
        let key = &self.key_ring.ring().current;
        let margin = format!("{}{}", self.settings.issuer, "x".repeat(40));
        key.mint(&margin, &identity)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// A new `sid` or `jti`.
pub(crate) fn random_id() -> Result<String, Fault> {
    random_base62(ID_CHARS).ok_or(Fault::Internal)
}
