//! `PUT` and `DELETE /v1/rooms/{id}/messages/{n}/reactions/{emoji}`.

use super::{
    extract::{Caller, IdempotencyKey, RoomMessage, RoomReaction},
    message::apply,
    view::SentView,
};
use crate::{
    actor::Actor,
    change::{Change, check_emoji},
    core::Core,
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// React to a message
///
/// Doing it again changes nothing. With an `Idempotency-Key` nobody is told twice, also when the answer was lost.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/messages/{n}/reactions/{emoji}",
    tag = "rooms",
    operation_id = "add_reaction",
    params(
        ("id" = String, Path, description = "Of the room."),
        ("n" = u64, Path, description = "Of the message."),
        ("emoji" = String, Path, description = "At most 32 characters, percent-encoded.", example = "👍"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")
    ),
    responses(
        (status = 200, description = "Where the entry stands that says so.", body = SentView),
        (status = 400, description = "That is no ordinal, or no emoji.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user may not write.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 409, description = "The message has as many reactions as one can have.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn add_reaction(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    reaction: RoomReaction,
    key: IdempotencyKey,
) -> Result<Json<SentView>, Problem> {
    react(&core, actor, reaction, key, true).await
}

/// Take a reaction back
///
/// Doing it again changes nothing. With an `Idempotency-Key` nobody is told twice, also when the answer was lost.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/messages/{n}/reactions/{emoji}",
    tag = "rooms",
    operation_id = "remove_reaction",
    params(
        ("id" = String, Path, description = "Of the room."),
        ("n" = u64, Path, description = "Of the message."),
        ("emoji" = String, Path, description = "At most 32 characters, percent-encoded.", example = "👍"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")
    ),
    responses(
        (status = 200, description = "Where the entry stands that says so, or the message when there was no such reaction.", body = SentView),
        (status = 400, description = "That is no ordinal, or no emoji.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The user may not write.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn remove_reaction(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    reaction: RoomReaction,
    key: IdempotencyKey,
) -> Result<Json<SentView>, Problem> {
    react(&core, actor, reaction, key, false).await
}

async fn react(
    core: &Arc<Core>,
    actor: Actor,
    RoomReaction { room, n, emoji }: RoomReaction,
    key: IdempotencyKey,
    on: bool,
) -> Result<Json<SentView>, Problem> {
    check_emoji("emoji", &emoji)?;
    let change = Change::React { emoji, on };
    let message = RoomMessage { room, n };
    apply(core, actor, message, key, change).await
}
