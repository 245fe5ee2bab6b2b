//! Who may ask.

use crate::node::Node;
use axum::{extract::FromRequestParts, http::request::Parts};
use fanfare_http::{Bearer, Problem};
use fanfare_proto::ErrorCode;
use fanfare_service::problem;
use fanfare_tokens::ApiKeyText;
use std::{fmt, sync::Arc};

const SCOPE: &str = "admin";

/// The bearer of a token or API key with the scope `admin`.
pub(super) enum Administrator {
    User(String),
    Key(String),
}

/// For the log: which user or key it is.
impl fmt::Display for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

impl FromRequestParts<Arc<Node>> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        let Bearer(credential) = Bearer::from_request_parts(parts, node).await?;
        let authority = &node.authority;
        let (own, may) = if ApiKeyText::is_meant(&credential) {
            let key = authority.api_key(&credential).await?;
            let may = key.may(SCOPE);
            (Self::Key(key.id), may)
        } else {
            let verified = authority.verify(&credential).await;
            let identity = verified.map_err(problem::of_token)?;
            let may = identity.has_scope(SCOPE);
            (Self::User(identity.user), may)
        };
        if may {
            return Ok(own);
        }
        Err(Problem::new(
            ErrorCode::Forbidden,
            "this needs an administrator's token, or an API key with the scope admin",
        ))
    }
}
