//! `PUT` and `DELETE /v1/rooms/{id}/members/{user}`.

use super::{
    extract::{Body, Caller, RoomUser, whole},
    request::MemberRequest,
    view::MemberView,
};
use crate::{core::Core, members, room::Role};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};
use std::sync::Arc;

/// Invite a user, or give a member another role
///
/// A moderator invites whoever is no member; a backend makes him one at once. An owner gives members another role. What
/// is so already stays.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/members/{user}",
    tag = "rooms",
    operation_id = "put_member",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    request_body = MemberRequest,
    responses(
        (status = 200, description = "What he is now.", body = MemberView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 409, description = "He is banned, is the last owner, or has as many rooms as one can have.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn put_member(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomUser { room, user }: RoomUser,
    body: Body,
) -> Result<Json<MemberView>, Problem> {
    let role = body
        .fields()?
        .one_of("role", &["member", "moderator", "owner"])?;
    let role = role.map(|place| [Role::Member, Role::Moderator, Role::Owner][place]);
    let (state, target) = (Arc::clone(&core), user.clone());
    let work = async move { members::put(&state, &actor, &room, &target, role).await };
    let (_room, member) = whole(&core, work).await?;
    Ok(Json(MemberView::of(user, member, core.clock.now_ms())))
}

/// Remove a member, or take an invitation back
///
/// For moderators; nobody removes one of his own rank or above. When it is answered, no session of his reads a private
/// room any more.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/members/{user}",
    tag = "rooms",
    operation_id = "remove_member",
    params(("id" = String, Path, description = "Of the room."), ("user" = String, Path, description = "Of the user.")),
    responses(
        (status = 204, description = "He is none."),
        (status = 400, description = "That is no user's id.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the caller may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn remove_member(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomUser { room, user }: RoomUser,
) -> Result<StatusCode, Problem> {
    let state = Arc::clone(&core);
    let work = async move { members::remove(&state, &actor, &room, &user).await };
    whole(&core, work).await?;
    Ok(StatusCode::NO_CONTENT)
}
