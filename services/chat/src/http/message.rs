//! `GET`, `PATCH` and `DELETE /v1/rooms/{id}/messages/{n}`.

use super::{
    extract::{Body, Caller, IdempotencyKey, RoomMessage, whole},
    request::EditRequest,
    view::SentView,
};
use crate::{
    actor::Actor,
    change::{self, Change, Target},
    core::Core,
    find, history,
    message::CONTENT_READ_CHARS,
    room::Action,
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_service::Flaw;
use serde_json::value::RawValue;
use std::sync::Arc;

/// Get a message
///
/// Its frame as it is now; of a deleted one, what is left.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/messages/{n}",
    tag = "rooms",
    operation_id = "get_message",
    params(("id" = String, Path, description = "Of the room."), ("n" = u64, Path, description = "Of the message.")),
    responses(
        (status = 200, description = "The frame.", body = Object, example = json!({
            "type": "message", "channel": "room:lobby", "n": 12, "cursor": "0000beef.42.12",
            "data": {"n": 12, "id": "1f0c", "user": "alice", "content": "Hello", "created_at": "2026-01-31T12:00:00.000Z"}
        })),
        (status = 400, description = "That is no ordinal.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`, or the user is banned.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn get_message(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomMessage { room, n }: RoomMessage,
) -> Result<Json<Box<RawValue>>, Problem> {
    let standing = core.allowed(&room, &actor, Action::Read).await?;
    let channel = standing.room.channel()?;
    find::message(&core, &room, &channel, n).await?;
    let frame = history::frame(&core, &room, &channel, n).await?;
    frame.map(Json).ok_or_else(find::missing)
}

/// Edit a message
///
/// One's own only.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{id}/messages/{n}",
    tag = "rooms",
    operation_id = "edit_message",
    params(
        ("id" = String, Path, description = "Of the room."),
        ("n" = u64, Path, description = "Of the message."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")
    ),
    request_body = EditRequest,
    responses(
        (status = 200, description = "Where the entry stands that says so.", body = SentView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Somebody else wrote it, or the user may not write.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 409, description = "It was edited as often as one can be.", body = Problem),
        (status = 413, description = "The text is too long.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn edit_message(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    message: RoomMessage,
    key: IdempotencyKey,
    body: Body,
) -> Result<Json<SentView>, Problem> {
    let content = body.fields()?.text("content", CONTENT_READ_CHARS)?;
    let content = content.ok_or_else(|| Flaw::bad("content", "is missing"))?;
    let content = crate::message::content(&content)?;
    apply(&core, actor, message, key, Change::Edit(content)).await
}

/// Delete a message
///
/// One's own, or as a moderator anybody's. Its text is gone for good. Deleting it again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/messages/{n}",
    tag = "rooms",
    operation_id = "delete_message",
    params(
        ("id" = String, Path, description = "Of the room."),
        ("n" = u64, Path, description = "Of the message."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")
    ),
    responses(
        (status = 200, description = "Where the entry stands that says so.", body = SentView),
        (status = 400, description = "That is no ordinal.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn delete_message(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    message: RoomMessage,
    key: IdempotencyKey,
) -> Result<Json<SentView>, Problem> {
    apply(&core, actor, message, key, Change::Delete).await
}

/// Makes `change` of a message. An `Idempotency-Key` makes an attempt known whose answer was lost.
pub(super) async fn apply(
    core: &Arc<Core>,
    actor: Actor,
    RoomMessage { room, n }: RoomMessage,
    IdempotencyKey(key): IdempotencyKey,
    change: Change,
) -> Result<Json<SentView>, Problem> {
    let (state, id) = (Arc::clone(core), room.clone());
    let work = async move {
        let target = Target {
            room: &id,
            n,
            client_id: key.as_deref().unwrap_or_default(),
        };
        change::change(&state, &actor, target, change).await
    };
    let sent = whole(core, work).await?;
    Ok(Json(SentView::of(&room, sent)))
}
