//! `Idempotency-Key`: the same request again makes nothing a second time.

use crate::{
    fault::Fault,
    store::{self, Store},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use fanfare_bus::kv::{Expect, Op};
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, limits::IDEMPOTENCY_KEY_BYTES};
use serde::{Deserialize, Serialize};

/// How long a key is remembered: what the contract promises.
const REMEMBERED_MS: u64 = 24 * 3600 * 1000;

/// The header, if it was sent.
pub(crate) struct IdempotencyKey(Option<String>);

/// One request that is to happen once.
pub(crate) struct Once {
    key: String,
    fingerprint: String,
}

/// What a request made.
#[derive(Deserialize, Serialize)]
struct Made {
    fingerprint: String,
    id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        match value.to_str() {
            Ok(key) if (1..=IDEMPOTENCY_KEY_BYTES).contains(&key.len()) => {
                Ok(Self(Some(key.to_owned())))
            }
            _ => Err(Problem::new(
                ErrorCode::BadMessage,
                "an Idempotency-Key is 1 to 128 visible characters",
            )),
        }
    }
}

impl IdempotencyKey {
    /// The request of `caller` that makes a `kind`; `says` is everything it says that is no secret.
    pub(crate) fn once(
        self,
        caller: &str,
        kind: &str,
        says: &impl Serialize,
    ) -> Result<Option<Once>, Fault> {
        let Some(key) = self.0 else {
            return Ok(None);
        };
        let says = serde_json::to_vec(says).map_err(|_error| Fault::Internal)?;
        let scope = [caller.as_bytes(), kind.as_bytes(), key.as_bytes()];
        Ok(Some(Once {
            key: format!("once/{}", store::fingerprint(&scope)),
            fingerprint: store::fingerprint(&[&says]),
        }))
    }
}

impl Once {
    /// The id of what it made the first time, if there was one.
    ///
    /// # Errors
    ///
    /// A conflict when the key was used for another request.
    pub(crate) async fn made(&self, store: &Store) -> Result<Option<String>, Problem> {
        match store.get::<Made>(&self.key).await? {
            None => Ok(None),
            Some(made) if made.value.fingerprint == self.fingerprint => Ok(Some(made.value.id)),
            Some(_other) => Err(Problem::new(
                ErrorCode::Conflict,
                "this Idempotency-Key was used for another request; use a new one",
            )),
        }
    }

    /// The step that remembers it, in the same batch that makes `id`.
    pub(crate) fn op(&self, id: &str) -> Result<Op, Fault> {
        let made = Made {
            fingerprint: self.fingerprint.clone(),
            id: id.to_owned(),
        };
        store::put(self.key.clone(), &made, Expect::Absent, Some(REMEMBERED_MS))
    }
}
