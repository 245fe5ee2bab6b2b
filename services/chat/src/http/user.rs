//! `GET /v1/chat/users/{user}`.

use super::extract::{Caller, check_user};
use crate::{
    core::Core,
    seen::{self, SeenView},
};
use axum::extract::{Path, State};
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// When a user was last here
///
/// For backends, himself, and whoever shares a room with him.
#[utoipa::path(
    get,
    path = "/v1/chat/users/{user}",
    tag = "rooms",
    operation_id = "get_chat_user",
    params(("user" = String, Path, description = "Of the user.")),
    responses(
        (status = 200, description = "What is known of him.", body = SeenView),
        (status = 400, description = "That is no user's id.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`.", body = Problem),
        (status = 404, description = "The user who asks shares no room with such a user.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn get_chat_user(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    user: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Json<SeenView>, Problem> {
    let user = user.map(|Path(user)| user).unwrap_or_default();
    check_user(&user)?;
    seen::of(&core, &actor, &user).await.map(Json)
}
