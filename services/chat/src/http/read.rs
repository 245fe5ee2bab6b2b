//! `POST /v1/rooms/{id}/read`.

use super::{
    extract::{Body, Caller, N_MAX, RoomId, whole},
    request::ReadRequest,
};
use crate::{
    core::Core,
    mark::{self, Counts},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_service::Flaw;
use std::sync::Arc;

/// Say how far one has read
///
/// The mark only moves forwards, and is the same on all devices of the user. A number beyond the end means the end.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/read",
    tag = "rooms",
    operation_id = "read_room",
    params(("id" = String, Path, description = "Of the room.")),
    request_body = ReadRequest,
    responses(
        (status = 200, description = "What is unread now.", body = Counts),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user is no member or is banned, or no user asks.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn read_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    body: Body,
) -> Result<Json<Counts>, Problem> {
    let n = body.fields()?.integer("n", 0..=N_MAX)?;
    let n = n.ok_or_else(|| Flaw::bad("n", "is missing"))?;
    let state = Arc::clone(&core);
    let work = async move { mark::read(&state, &actor, &id, n).await };
    whole(&core, work).await.map(Json)
}
