//! `GET` and `PUT /v1/chat/me`.

use super::{
    extract::{Body, Caller},
    request::MeRequest,
};
use crate::{
    actor::Actor,
    core::Core,
    seen::{self, Seen},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::{ErrorCode, Timestamp};
use fanfare_service::Flaw;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a user has chosen.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    #[schema(example = "alice")]
    user: String,
    /// He is not shown as present, and nobody is told when he was here.
    invisible: bool,
    /// When his last session ended; left out when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, value_type = Option<String>)]
    last_seen_at: Option<String>,
}

impl MeView {
    fn of(user: &str, seen: &Seen) -> Self {
        Self {
            user: user.to_owned(),
            invisible: seen.invisible,
            last_seen_at: (seen.last_ms > 0).then(|| Timestamp::from_ms(seen.last_ms).to_string()),
        }
    }
}

/// See what one has chosen
#[utoipa::path(
    get,
    path = "/v1/chat/me",
    tag = "rooms",
    operation_id = "get_chat_me",
    responses(
        (status = 200, description = "What the user has chosen.", body = MeView),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "No user asks.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn get_chat_me(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
) -> Result<Json<MeView>, Problem> {
    let user = user(&actor)?;
    let seen = seen::load(&core, user).await?;
    Ok(Json(MeView::of(user, &seen)))
}

/// Choose to be seen, or not
///
/// It counts for sessions that subscribe with presence from now on.
#[utoipa::path(
    put,
    path = "/v1/chat/me",
    tag = "rooms",
    operation_id = "put_chat_me",
    request_body = MeRequest,
    responses(
        (status = 200, description = "What the user has chosen.", body = MeView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "No user asks.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn put_chat_me(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    body: Body,
) -> Result<Json<MeView>, Problem> {
    let invisible = body.fields()?.boolean("invisible")?;
    let invisible = invisible.ok_or_else(|| Flaw::bad("invisible", "is missing"))?;
    let user = user(&actor)?;
    let seen = seen::set_invisible(&core, user, invisible).await?;
    Ok(Json(MeView::of(user, &seen)))
}

fn user(actor: &Actor) -> Result<&str, Problem> {
    actor.user().ok_or_else(|| {
        Problem::new(
            ErrorCode::Forbidden,
            "an API key is no user; ask with a user's token",
        )
    })
}
