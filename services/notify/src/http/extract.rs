//! What handlers take out of a request. Every refusal is a problem document.

use crate::{core::Core, inbox::mark::Owner, notification::id, problem};
use axum::{
    extract::{FromRequestParts, Path, Request},
    http::request::Parts,
};
use bytes::Bytes;
pub(crate) use fanfare_http::Params;
use fanfare_http::{Bearer, Problem, read_body};
use fanfare_lifecycle::trace;
use fanfare_proto::{
    ErrorCode,
    trace::{Context, TRACEPARENT},
};
use fanfare_tokens::{ApiKey, Identity};
use std::sync::Arc;

/// Publish, follow and take back notifications.
pub(crate) const NOTIFICATIONS: &str = "notifications:publish";
/// Publish to topics.
pub(crate) const CHANNELS: &str = "channels:publish";

/// The backend that asks; it may do what `scope` names.
pub(crate) async fn backend(core: &Core, parts: &Parts, scope: &str) -> Result<ApiKey, Problem> {
    let bearer = Bearer::of(parts).ok_or_else(|| {
        Problem::new(
            ErrorCode::Unauthorized,
            "send an API key as `Authorization: Bearer ff_…`",
        )
    })?;
    let key = core.authority.api_key(&bearer.0).await?;
    if key.may(scope) {
        return Ok(key);
    }
    Err(Problem::new(
        ErrorCode::Forbidden,
        format!("this API key lacks the scope {scope}"),
    ))
}

/// The user whose token this request for an inbox carries; he has not asked too often.
pub(crate) struct User(pub(crate) Identity);

impl User {
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            user: &self.0.user,
            groups: &self.0.groups,
        }
    }
}

impl FromRequestParts<Arc<Core>> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Problem> {
        let bearer = Bearer::from_request_parts(parts, core).await?;
        let identity = core
            .authority
            .verify(&bearer.0)
            .await
            .map_err(problem::of_token)?;
        core.inbox_rate
            .take(&identity.user, core.clock.now_ms())
            .inspect_err(|_wait_ms| core.meters.rate_limited.inc())
            .map_err(rate_limited)?;
        Ok(Self(identity))
    }
}

/// He may try again after so many milliseconds.
fn rate_limited(retry_after_ms: u64) -> Problem {
    Problem::new(
        ErrorCode::RateLimited,
        "too many requests for this inbox; wait for the Retry-After, and listen for `counts` instead of asking",
    )
    .retry_after_ms(retry_after_ms)
}

/// The notification a path names.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = || Problem::new(ErrorCode::NotFound, "there is no such notification");
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_path| missing())?;
        if id::is_id(&text) {
            Ok(Self(text))
        } else {
            Err(missing())
        }
    }
}

/// Reads a body of at most the router's limit.
pub(crate) async fn body(core: &Core, request: Request) -> Result<Bytes, Problem> {
    let too_large = ErrorCode::TooLarge.as_str();
    match read_body(request, &()).await {
        Err(problem) if problem.code() == too_large => Err(Problem::new(
            ErrorCode::TooLarge,
            format!(
                "the body is over {} bytes; send fewer notifications at once",
                core.settings.request_bytes_max
            ),
        )),
        read => read,
    }
}

/// The W3C trace context of a request: its own, where it is traced, otherwise the one that was sent. Empty when there is
/// none.
pub(crate) fn traceparent(parts: &Parts) -> String {
    let sent = || {
        let sent = parts.headers.get(TRACEPARENT)?.to_str().ok()?;
        Context::parse(sent)
    };
    let context = trace::current().or_else(sent);
    context.map_or_else(String::new, |context| context.to_string())
}
