//! Refresh tokens: one family per login, one valid token per family.
//!
//! A refresh token is `ffr_<family>_<secret>`, both random; the family's id appears nowhere else, so whoever names it has
//! held a token of it. Each use replaces the secret. A secret that does not match is therefore one that was used before: it
//! was stolen, or its thief has used it first, and the whole family ends.
//!
//! One case is let off: the secret that was valid last comes again within [`REPEAT_MS`]. That is what two tabs of one
//! browser do. It gets no token and ends nothing; the tab finds the new token where the other one put it. Giving it a
//! token of its own would let a thief in who is as quick. The price: a client that loses the answer of a refresh signs in
//! again.

use crate::{
    fault::Fault,
    store::{self, Store, Stored},
    user::User,
};
use fanfare_bus::kv::Expect;
use fanfare_proto::token;
use fanfare_tokens::random_base62;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// How long the last secret is taken for a double submission, in milliseconds: a slow request of another tab, no more.
const REPEAT_MS: i64 = 10_000;

/// Random characters of a family's id (131 bits) and of a secret (256 bits).
const FAMILY_CHARS: usize = 22;
const SECRET_CHARS: usize = 43;

const PREFIX: &str = "ffr_";

/// One login, as it is stored. Secrets only as digests.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Family {
    pub(crate) user: String,
    pub(crate) session: String,
    /// The account's generation at the login.
    pub(crate) generation: i64,
    current: String,
    previous: Option<String>,
    rotated_at_ms: i64,
    pub(crate) expires_at_ms: i64,
}

/// A refresh token as it was sent.
pub(crate) struct RefreshToken {
    key: String,
    secret: String,
}

/// What a secret is to its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Current,
    /// Used a moment ago: a double submission.
    Repeated,
    /// Used before.
    Reused,
}

/// The families.
#[derive(Clone)]
pub(crate) struct Families {
    store: Store,
    ttl_ms: u64,
}

impl RefreshToken {
    /// Reads a token; `None` for what cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_random = |part: &str, chars| {
            part.len() == chars && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        (is_random(family, FAMILY_CHARS) && is_random(secret, SECRET_CHARS)).then(|| Self {
            key: family_key(family),
            secret: store::fingerprint(&[secret.as_bytes()]),
        })
    }
}

impl Family {
    pub(crate) fn standing(&self, token: &RefreshToken, now_ms: i64) -> Standing {
        let is = |digest: &str| bool::from(digest.as_bytes().ct_eq(token.secret.as_bytes()));
        if is(&self.current) {
            Standing::Current
        } else if self.previous.as_deref().is_some_and(is)
            && now_ms.saturating_sub(self.rotated_at_ms) <= REPEAT_MS
        {
            Standing::Repeated
        } else {
            Standing::Reused
        }
    }
}

impl Families {
    pub(crate) const fn new(store: Store, ttl_ms: u64) -> Self {
        Self { store, ttl_ms }
    }

    pub(crate) async fn get(&self, token: &RefreshToken) -> Result<Option<Stored<Family>>, Fault> {
        self.store.get(&token.key).await
    }

    /// Begins the family of a login; returns its first token.
    pub(crate) async fn begin(
        &self,
        user: &User,
        session: &str,
        now_ms: i64,
    ) -> Result<String, Fault> {
        let id = random_base62(FAMILY_CHARS).ok_or(Fault::Internal)?;
        let secret = random_base62(SECRET_CHARS).ok_or(Fault::Internal)?;
        let family = Family {
            user: user.id.clone(),
            session: session.to_owned(),
            generation: user.generation,
            current: store::fingerprint(&[secret.as_bytes()]),
            previous: None,
            rotated_at_ms: now_ms,
            expires_at_ms: self.end_ms(now_ms),
        };
        let key = family_key(&id);
        self.write(&key, &family, Expect::Absent).await?;
        Ok(format!("{PREFIX}{id}_{secret}"))
    }

    /// Replaces the secret of the family that `text` is a token of; returns the new token.
    ///
    /// # Errors
    ///
    /// [`Fault::Conflict`] when somebody else was first.
    pub(crate) async fn rotate(
        &self,
        text: &str,
        stored: &Stored<Family>,
        now_ms: i64,
    ) -> Result<String, Fault> {
        let (family_part, _old) = text.rsplit_once('_').ok_or(Fault::Internal)?;
        let id = family_part.strip_prefix(PREFIX).ok_or(Fault::Internal)?;
        let secret = random_base62(SECRET_CHARS).ok_or(Fault::Internal)?;
        let mut family = stored.value.clone();
        let current = store::fingerprint(&[secret.as_bytes()]);
        family.previous = Some(std::mem::replace(&mut family.current, current));
        family.rotated_at_ms = now_ms;
        family.expires_at_ms = self.end_ms(now_ms);
        let expect = Expect::Revision(stored.revision);
        self.write(&family_key(id), &family, expect).await?;
        Ok(format!("{PREFIX}{id}_{secret}"))
    }

    /// Ends the family of a token; its session index goes along.
    pub(crate) async fn end(&self, token: &RefreshToken, session: &str) -> Result<(), Fault> {
        let ops = [token.key.clone(), session_key(session)];
        self.store.batch(ops.map(store::delete).into()).await
    }

    /// Ends the family of a session, if there is one.
    pub(crate) async fn end_session(&self, session: &str) -> Result<(), Fault> {
        let Some(key) = self.store.get::<String>(&session_key(session)).await? else {
            return Ok(());
        };
        let ops = [key.value, session_key(session)];
        self.store.batch(ops.map(store::delete).into()).await
    }

    async fn write(&self, key: &str, family: &Family, expect: Expect) -> Result<(), Fault> {
        let ttl_ms = Some(self.ttl_ms);
        let session = session_key(&family.session);
        let ops = vec![
            store::put(key.to_owned(), family, expect, ttl_ms)?,
            store::put(session, &key, Expect::Any, ttl_ms)?,
        ];
        self.store.batch(ops).await
    }

    fn end_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add_unsigned(self.ttl_ms)
    }
}

fn family_key(id: &str) -> String {
    format!("family/{}", store::fingerprint(&[id.as_bytes()]))
}

fn session_key(session: &str) -> String {
    format!("session/{}", token::encode(session))
}
