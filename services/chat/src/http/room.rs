//! `GET` and `PATCH /v1/rooms/{id}`.

use super::{
    extract::{Body, Caller, RoomId, whole},
    request::RoomPatchRequest,
    view::RoomView,
};
use crate::{
    core::Core,
    patch::{self, Patch, check_name},
    room::{Action, NAME_CHARS, SLOW_SECONDS_MAX},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// Get a room
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}",
    tag = "rooms",
    operation_id = "get_room",
    params(("id" = String, Path, description = "Of the room.")),
    responses(
        (status = 200, description = "The room.", body = RoomView),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`, or the user is banned.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn get_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
) -> Result<Json<RoomView>, Problem> {
    let standing = core.allowed(&id, &actor, Action::Read).await?;
    let member = standing.member.as_ref();
    Ok(Json(RoomView::to(standing.room.clone(), &actor, member)))
}

/// Change a room
///
/// A name and slow mode for moderators, archiving for owners. When the right to one of several changes is missing, nothing
/// changes.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{id}",
    tag = "rooms",
    operation_id = "update_room",
    params(("id" = String, Path, description = "Of the room.")),
    request_body = RoomPatchRequest,
    responses(
        (status = 200, description = "The room as it is now.", body = RoomView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn update_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    body: Body,
) -> Result<Json<RoomView>, Problem> {
    let fields = body.fields()?;
    let name = fields.text("name", NAME_CHARS)?;
    let patch = Patch {
        name: name.as_deref().map(check_name).transpose()?,
        archived: fields.boolean("archived")?,
        slow_seconds: fields.integer("slow_mode_seconds", 0..=SLOW_SECONDS_MAX)?,
    };
    let (state, by, room) = (Arc::clone(&core), actor.clone(), id.clone());
    let work = async move { patch::update(&state, &by, &room, patch).await };
    let room = whole(&core, work).await?;
    let member = match actor.user() {
        Some(user) => core.member(&id, user).await?,
        None => None,
    };
    Ok(Json(RoomView::to(room, &actor, member.as_ref())))
}
