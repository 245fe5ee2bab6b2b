//! `GET /v1/inbox/counts`.

use super::extract::User;
use crate::{
    core::Core,
    inbox::{
        counts::{self, Counts},
        store,
    },
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// Count the unread
///
/// Absolute numbers with a version; sessions get the same as `counts` when they change.
#[utoipa::path(
    get,
    path = "/v1/inbox/counts",
    tag = "inbox",
    operation_id = "count_inbox",
    responses(
        (status = 200, description = "The counts.", body = Counts),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("user_token" = []))
)]
pub(crate) async fn count_inbox(
    State(core): State<Arc<Core>>,
    user: User,
) -> Result<Json<Counts>, Problem> {
    let owner = user.owner();
    store::remember_groups(&core, owner.user, owner.groups).await?;
    counts::of(&core, owner.user, owner.groups).await.map(Json)
}
