//! The credential of a request.

use crate::Problem;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use fanfare_proto::ErrorCode;
use std::fmt;

/// What stands behind `Authorization: Bearer`. Not checked. Never shown by `Debug`.
#[derive(Clone)]
pub struct Bearer(pub String);

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::of(parts).ok_or_else(|| {
            Problem::new(
                ErrorCode::Unauthorized,
                "send the token or key as `Authorization: Bearer …`",
            )
        })
    }
}

impl Bearer {
    /// The credential of these headers, if there is one.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, credential) = value.split_once(' ')?;
        let credential = credential.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty())
            .then(|| Self(credential.to_owned()))
    }
}
