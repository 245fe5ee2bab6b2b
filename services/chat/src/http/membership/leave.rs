//! `POST /v1/rooms/{id}/leave`.

use crate::{
    core::Core,
    http::extract::{Caller, RoomId, whole},
    members,
};
use axum::{extract::State, http::StatusCode};
use fanfare_http::Problem;
use std::sync::Arc;

/// Leave a room
///
/// The last owner stays as long as there are other members. A private room that everybody has left is archived. Leaving
/// again a room that can be read changes nothing.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/leave",
    tag = "rooms",
    operation_id = "leave_room",
    params(("id" = String, Path, description = "Of the room.")),
    responses(
        (status = 204, description = "The user is no member."),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user is banned, or no user asks.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 409, description = "The room is direct, or the user is its last owner.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn leave_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
) -> Result<StatusCode, Problem> {
    let state = Arc::clone(&core);
    whole(
        &core,
        async move { members::leave(&state, &actor, &id).await },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
