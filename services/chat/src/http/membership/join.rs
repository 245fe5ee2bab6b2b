//! `POST /v1/rooms/{id}/join`.

use crate::{
    core::Core,
    http::{
        extract::{Caller, RoomId, whole},
        view::RoomView,
    },
    members,
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// Join a room
///
/// A public one, or one that the user is invited to. What was said before counts as read. Joining again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/join",
    tag = "rooms",
    operation_id = "join_room",
    params(("id" = String, Path, description = "Of the room.")),
    responses(
        (status = 200, description = "The room.", body = RoomView),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user is banned, the room is archived, or no user asks.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 409, description = "The user has as many rooms as one can have.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn join_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
) -> Result<Json<RoomView>, Problem> {
    let state = Arc::clone(&core);
    let work = async move { members::join(&state, &actor, &id).await };
    let (room, member) = whole(&core, work).await?;
    Ok(Json(RoomView::of(room, member.role)))
}
