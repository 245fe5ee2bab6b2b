//! `PUT` and `DELETE /v1/rooms/{id}/bans/{user}`.

use super::{
    extract::{Body, Caller, RoomUser},
    mutes::{sentence, take},
    request::SentenceRequest,
};
use crate::{
    core::Core,
    moderation::{Measure, Sentence},
};
use axum::{extract::State, http::StatusCode};
use fanfare_http::Problem;
use std::sync::Arc;

/// Ban a user
///
/// He is out of the room, and neither reads nor joins until the time is over. When it is answered, no session of his reads
/// the room any more, on any gateway. For moderators; nobody bans one of his own rank or above.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/bans/{user}",
    tag = "rooms",
    operation_id = "ban_user",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    request_body = SentenceRequest,
    responses(
        (status = 204, description = "He is banned."),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn ban_user(
    State(core): State<Arc<Core>>,
    caller: Caller,
    target: RoomUser,
    body: Body,
) -> Result<StatusCode, Problem> {
    let sentence = sentence(&body)?;
    take(&core, caller, target, Measure::Ban, sentence).await
}

/// Let a user in again
///
/// He is no member by that: he joins a public room, and is invited to a private one.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/bans/{user}",
    tag = "rooms",
    operation_id = "unban_user",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    responses(
        (status = 204, description = "He is not banned."),
        (status = 400, description = "That is no user's id.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn unban_user(
    State(core): State<Arc<Core>>,
    caller: Caller,
    target: RoomUser,
) -> Result<StatusCode, Problem> {
    take(&core, caller, target, Measure::Unban, Sentence::default()).await
}
