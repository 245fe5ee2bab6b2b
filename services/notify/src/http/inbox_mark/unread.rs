//! `POST /v1/inbox/{id}/unread`.

use super::one;
use crate::{
    core::Core,
    http::extract::{Id, User},
    inbox::{mark::Change, state::Mark},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// Mark unread
///
/// Also takes it out of the archive.
#[utoipa::path(
    post,
    path = "/v1/inbox/{id}/unread",
    tag = "inbox",
    operation_id = "mark_unread",
    params(("id" = String, Path, description = "Of the notification.")),
    responses(
        (status = 200, description = "What changed, and the new counts.", body = Change),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 404, description = "No such notification in this inbox.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("user_token" = []))
)]
pub(crate) async fn mark_unread(
    State(core): State<Arc<Core>>,
    user: User,
    id: Id,
) -> Result<Json<Change>, Problem> {
    one(&core, &user, id, Mark::Unread).await
}
