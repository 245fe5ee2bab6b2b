//! What handlers take out of a request. Every refusal is a problem document.

use crate::{actor::Actor, core::Core, room::not_found};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};
use bytes::Bytes;
pub(crate) use fanfare_http::Params;
use fanfare_http::{Bearer, Problem, idempotency_key, read_body};
use fanfare_lifecycle::trace;
use fanfare_proto::{ErrorCode, channel, limits};
use fanfare_service::{Fields, Flaw, problem};
use fanfare_tokens::ApiKeyText;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Do what an owner may, in every room.
pub(crate) const SCOPE: &str = "rooms:manage";

/// Largest ordinal that JavaScript reads exactly.
pub(crate) const N_MAX: u64 = (1 << 53) - 1;

/// Who asks: a user by his token, who has not asked too often, or a backend by an API key with [`SCOPE`].
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<Arc<Core>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Problem> {
        let Bearer(credential) = Bearer::from_request_parts(parts, core).await?;
        if ApiKeyText::is_meant(&credential) {
            let key = core.authority.api_key(&credential).await?;
            if key.may(SCOPE) {
                return Ok(Self(Actor::Backend { key: key.id }));
            }
            let why = format!("this API key lacks the scope {SCOPE}");
            return Err(Problem::new(ErrorCode::Forbidden, why));
        }
        let identity = core.authority.verify(&credential).await;
        let identity = identity.map_err(problem::of_token)?;
        core.rate
            .take(&identity.user, core.clock.now_ms())
            .inspect_err(|_wait_ms| core.meters.rate_limited.inc())
            .map_err(rate_limited)?;
        Ok(Self(Actor::User {
            id: identity.user,
            name: identity.name.unwrap_or_default(),
        }))
    }
}

/// He may try again after so many milliseconds.
fn rate_limited(retry_after_ms: u64) -> Problem {
    let why = "too many requests of this user; wait for the Retry-After, and listen on /ws/chat instead of asking";
    Problem::new(ErrorCode::RateLimited, why).retry_after_ms(retry_after_ms)
}

/// The id of the room that a path names. What can be no id is answered as a room that does not exist.
pub(crate) struct RoomId(pub(crate) String);

/// A room and a user in it.
pub(crate) struct RoomUser {
    pub(crate) room: String,
    pub(crate) user: String,
}

/// A room and the ordinal of a message in it.
pub(crate) struct RoomMessage {
    pub(crate) room: String,
    pub(crate) n: u64,
}

/// A room, a message in it, and an emoji.
pub(crate) struct RoomReaction {
    pub(crate) room: String,
    pub(crate) n: u64,
    pub(crate) emoji: String,
}

async fn path<T: DeserializeOwned + Send, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<T, Problem> {
    let Path(named) = Path::<T>::from_request_parts(parts, state)
        .await
        .map_err(|_path| not_found())?;
    Ok(named)
}

fn room(id: String) -> Result<String, Problem> {
    if channel::is_id(&id) {
        Ok(id)
    } else {
        Err(not_found())
    }
}

/// An ordinal in a path.
fn ordinal(text: &str) -> Result<u64, Problem> {
    let n = text.parse().ok().filter(|n| (1..=N_MAX).contains(n));
    n.ok_or_else(|| Flaw::bad("n", format!("must be a whole number from 1 to {N_MAX}")).into())
}

impl<S: Send + Sync> FromRequestParts<S> for RoomId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id: String = path(parts, state).await?;
        room(id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RoomUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let (id, user): (String, String) = path(parts, state).await?;
        let room = room(id)?;
        check_user(&user)?;
        Ok(Self { room, user })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RoomMessage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let (id, n): (String, String) = path(parts, state).await?;
        Ok(Self {
            room: room(id)?,
            n: ordinal(&n)?,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RoomReaction {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let (id, n, emoji): (String, String, String) = path(parts, state).await?;
        Ok(Self {
            room: room(id)?,
            n: ordinal(&n)?,
            emoji,
        })
    }
}

pub(crate) fn check_user(user: &str) -> Result<(), Problem> {
    if channel::is_id(user) {
        return Ok(());
    }
    Err(Flaw::bad("user", "is no user's id").into())
}

/// The length of a page.
///
/// # Errors
///
/// It is not from 1 to 200.
pub(crate) fn limit(text: Option<&str>) -> Result<usize, Flaw> {
    match text.map(str::parse) {
        None => Ok(limits::HISTORY_ITEMS_DEFAULT),
        Some(Ok(limit)) if (1..=limits::HISTORY_ITEMS).contains(&limit) => Ok(limit),
        Some(_) => {
            let why = format!("must be a whole number from 1 to {}", limits::HISTORY_ITEMS);
            Err(Flaw::bad("limit", why))
        }
    }
}

/// A whole number in a parameter.
///
/// # Errors
///
/// It is none, or larger than JavaScript reads exactly.
pub(crate) fn number(name: &str, text: Option<&str>) -> Result<Option<u64>, Flaw> {
    let Some(text) = text else { return Ok(None) };
    let n = text.parse().ok().filter(|n| *n <= N_MAX);
    n.map(Some)
        .ok_or_else(|| Flaw::bad(name, format!("must be a whole number from 0 to {N_MAX}")))
}

/// A request's body: JSON, or nothing at all, which is as good as an empty object.
pub(crate) struct Body(Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        read_body(request, state).await.map(Self)
    }
}

impl Body {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a text.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        let text = std::str::from_utf8(&self.0)
            .map_err(|_at| Problem::new(ErrorCode::BadJson, "the body is not UTF-8"))?;
        Ok(if text.trim_ascii().is_empty() {
            "{}"
        } else {
            text
        })
    }

    /// As an object.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, Problem> {
        Ok(Fields::parse(self.text()?)?)
    }
}

/// The `Idempotency-Key`, if one was sent.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let key = idempotency_key(&parts.headers)?;
        Ok(Self(key.map(str::to_owned)))
    }
}

/// Does `work` to its end, also when whoever asked goes away meanwhile: appends to a room go together, and one that is
/// dropped in the middle would take those of others along.
pub(crate) async fn whole<T: Send + 'static>(
    core: &Arc<Core>,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let work = trace::within(trace::current(), work);
    let done = core.tasks.spawn(work).await;
    done.unwrap_or_else(|_panicked| Err(problem::internal("a request ended in a panic")))
}
