//! `PUT` and `DELETE /v1/rooms/{id}/mutes/{user}`, and the body that bans have too.

use super::{
    extract::{Body, Caller, RoomUser, whole},
    request::SentenceRequest,
};
use crate::{
    core::Core,
    moderation::{self, Measure, SECONDS_MAX, Sentence},
};
use axum::{extract::State, http::StatusCode};
use fanfare_http::Problem;
use std::sync::Arc;

/// Most characters of a reason.
const REASON_CHARS: usize = 256;

/// Mute a user
///
/// He reads, and does not write, until the time is over. For moderators; nobody mutes one of his own rank or above.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/mutes/{user}",
    tag = "rooms",
    operation_id = "mute_user",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    request_body = SentenceRequest,
    responses(
        (status = 204, description = "He is muted."),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn mute_user(
    State(core): State<Arc<Core>>,
    caller: Caller,
    target: RoomUser,
    body: Body,
) -> Result<StatusCode, Problem> {
    let sentence = sentence(&body)?;
    take(&core, caller, target, Measure::Mute, sentence).await
}

/// Let a user write again
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/mutes/{user}",
    tag = "rooms",
    operation_id = "unmute_user",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    responses(
        (status = 204, description = "He is not muted."),
        (status = 400, description = "That is no user's id.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn unmute_user(
    State(core): State<Arc<Core>>,
    caller: Caller,
    target: RoomUser,
) -> Result<StatusCode, Problem> {
    take(&core, caller, target, Measure::Unmute, Sentence::default()).await
}

/// For how long, and why.
pub(super) fn sentence(body: &Body) -> Result<Sentence, Problem> {
    let fields = body.fields()?;
    Ok(Sentence {
        seconds: fields.integer("seconds", 1..=SECONDS_MAX)?,
        reason: fields.key("reason", REASON_CHARS)?,
    })
}

pub(super) async fn take(
    core: &Arc<Core>,
    Caller(actor): Caller,
    RoomUser { room, user }: RoomUser,
    measure: Measure,
    sentence: Sentence,
) -> Result<StatusCode, Problem> {
    let state = Arc::clone(core);
    let work =
        async move { moderation::take(&state, &actor, &room, &user, measure, &sentence).await };
    whole(core, work).await?;
    Ok(StatusCode::NO_CONTENT)
}
