//! `POST /v1/inbox/read-all`.

use super::extract::{self, User};
use crate::{
    core::Core,
    fields::Fields,
    inbox::{
        find,
        mark::{self, Change},
        state::Mark,
    },
};
use axum::extract::{Request, State};
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest `up_to`, in characters: a time or an id.
const UP_TO_CHARS: usize = 64;

/// How far.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is read field by field")]
pub(crate) struct ReadAllRequest {
    /// A time (RFC 3339) or the id of a notification: it and whatever was created before. Left out: everything. Send
    /// the newest one the user has seen, so that what comes in meanwhile stays unread.
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    up_to: Option<String>,
}

/// Mark everything read
#[utoipa::path(
    post,
    path = "/v1/inbox/read-all",
    tag = "inbox",
    operation_id = "read_all",
    request_body(content = Option<ReadAllRequest>),
    responses(
        (status = 200, description = "What changed, and the new counts.", body = Change),
        (status = 400, description = "`up_to` is wrong.", body = Problem),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 404, description = "No such notification in this inbox.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("user_token" = []))
)]
pub(crate) async fn read_all(
    State(core): State<Arc<Core>>,
    user: User,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let body = extract::body(&core, request).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_at| Problem::new(ErrorCode::BadJson, "the body is not UTF-8"))?;
    let up_to = if text.trim_ascii().is_empty() {
        None
    } else {
        Fields::parse(text)?.text("up_to", UP_TO_CHARS)?
    };
    let owner = user.owner();
    let places = find::upto(&core, owner.user, owner.groups, up_to.as_deref()).await?;
    mark::mark(&core, owner, None, places, Mark::ReadUpTo)
        .await
        .map(Json)
}
