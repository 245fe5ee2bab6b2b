//! Who asks, and what he may do here.

use crate::app::Shared;
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use fanfare_http::{Bearer, Problem};
use fanfare_proto::{ErrorCode, channel::is_id};
use fanfare_tokens::{ApiKey, ApiKeyText, Identity, TokenError};

/// The bearer of a good token or API key.
pub(crate) enum Caller {
    User(Identity),
    Key(ApiKey),
}

/// A right that an endpoint asks for.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    /// Everything.
    Admin,
    /// Tokens for one's own users.
    Mint,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Bearer(credential) = Bearer::from_request_parts(parts, shared).await?;
        if ApiKeyText::is_meant(&credential) {
            return Ok(Self::Key(shared.authority.api_key(&credential).await?));
        }
        match shared.authority.verify(&credential).await {
            Ok(identity) => Ok(Self::User(identity)),
            Err(error @ TokenError::Unavailable) => {
                Err(Problem::new(ErrorCode::Unavailable, error.to_string()).retry_after_ms(1_000))
            }
            Err(error) => Err(Problem::new(ErrorCode::Unauthorized, error.to_string())),
        }
    }
}

impl Caller {
    /// For logs and records: which user or key it is.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::User(identity) => format!("user:{}", identity.user),
            Self::Key(key) => format!("key:{}", key.id),
        }
    }

    /// Whether it is this user's own token.
    pub(crate) fn is_user(&self, id: &str) -> bool {
        matches!(self, Self::User(identity) if identity.user == id)
    }

    pub(crate) fn may(&self, right: Right) -> bool {
        match (self, right) {
            (Self::User(identity), Right::Admin | Right::Mint) => identity.has_scope("admin"),
            (Self::Key(key), Right::Admin) => key.may("admin"),
            (Self::Key(key), Right::Mint) => key.may("tokens:mint"),
        }
    }

    /// # Errors
    ///
    /// `forbidden`.
    pub(crate) fn require(&self, right: Right) -> Result<(), Problem> {
        if self.may(right) {
            return Ok(());
        }
        let detail = match right {
            Right::Admin => {
                "this needs an administrator's token, or an API key with the scope admin"
            }
            Right::Mint => "this needs an API key with the scope tokens:mint",
        };
        Err(Problem::new(ErrorCode::Forbidden, detail))
    }
}

/// The id at the end of the path. What cannot be an id is not found.
pub(crate) struct PathId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if is_id(&id) => Ok(Self(id)),
            _ => Err(Problem::new(ErrorCode::NotFound, "there is no such thing")),
        }
    }
}
