//! `POST /v1/rooms/{id}/messages`.

use super::{
    extract::{Body, Caller, IdempotencyKey, RoomId, whole},
    request::MessageRequest,
    view::SentView,
};
use crate::{
    core::Core,
    message::Message,
    send::{self, Request},
};
use axum::{Json, extract::State, http::StatusCode};
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::limits::IDEMPOTENCY_KEY_BYTES;
use fanfare_service::{Fields, Flaw};
use std::sync::Arc;

/// Send a message
///
/// The same `Idempotency-Key`, or the same `client_id`, within 24 hours sends nothing again and is answered as the first
/// time; with another text it is a conflict.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/messages",
    tag = "rooms",
    operation_id = "send_message",
    params(
        ("id" = String, Path, description = "Of the room."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")
    ),
    request_body = MessageRequest,
    responses(
        (status = 201, description = "Where it stands.", body = SentView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user is no member, or is muted or banned, or the room is archived.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 409, description = "The Idempotency-Key or client_id came with another message before.", body = Problem),
        (status = 413, description = "The message is too long.", body = Problem),
        (status = 429, description = "The room is in slow mode, or too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn send_message(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<SentView>), Problem> {
    let client_id = client_id(&body.fields()?, key)?;
    let message = Message::parse(body.text()?)?;
    let (state, room) = (Arc::clone(&core), id.clone());
    let work = async move {
        let request = Request {
            room: &room,
            message,
            client_id: &client_id,
            traceparent: &trace::traceparent(),
        };
        send::send(&state, &actor, request).await
    };
    let sent = whole(&core, work).await?;
    Ok((StatusCode::CREATED, Json(SentView::of(&id, sent))))
}

/// What makes the request one that may come again; empty: nothing.
fn client_id(fields: &Fields<'_>, key: Option<String>) -> Result<String, Flaw> {
    let client_id = fields.text("client_id", IDEMPOTENCY_KEY_BYTES)?;
    let client_id = client_id.unwrap_or_default();
    crate::serve::check_client_id(&client_id)?;
    match key {
        None => Ok(client_id),
        Some(key) if client_id.is_empty() || client_id == key => Ok(key),
        Some(_other) => Err(Flaw::bad(
            "client_id",
            "must be the Idempotency-Key when both are sent",
        )),
    }
}
