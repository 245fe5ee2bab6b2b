//! `POST /v1/rooms`.

use super::{
    extract::{Body, Caller, IdempotencyKey, whole},
    request::NewRoomRequest,
    view::RoomView,
};
use crate::{
    actor::Actor,
    core::Core,
    once::Once,
    patch::check_name,
    room::{Kind, NAME_CHARS},
    rooms::{self, MEMBERS, NewRoom},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use fanfare_http::Problem;
use fanfare_proto::{channel, limits::ID_BYTES};
use fanfare_service::{Fields, Flaw, problem};
use std::sync::Arc;

/// Make a room
///
/// A user who makes a room owns it, and those he names are invited; those whom a backend names are members. A direct room
/// is found again for the same two users, whoever of them asks. The same `Idempotency-Key` within 24 hours gives the
/// same room again.
#[utoipa::path(
    post,
    path = "/v1/rooms",
    tag = "rooms",
    operation_id = "create_room",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters.")),
    request_body = NewRoomRequest,
    responses(
        (status = 201, description = "The room was made.", body = RoomView, headers(("Location" = String, description = "Its path."))),
        (status = 200, description = "The direct room that was there.", body = RoomView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`.", body = Problem),
        (status = 409, description = "There is another room with this id, the Idempotency-Key came with another request before, or somebody has as many rooms as one can have.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn create_room(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<Response, Problem> {
    let mut new = read(&actor, &body.fields()?)?;
    new.once = key.map(|key| Once::new(&actor, &key, body.bytes()));
    let (state, by) = (Arc::clone(&core), actor.clone());
    let made = whole(&core, async move { rooms::create(&state, &by, new).await }).await?;
    let member = match actor.user() {
        Some(user) => core.member(&made.room.id, user).await?,
        None => None,
    };
    let status = if made.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let place = HeaderValue::try_from(format!("/v1/rooms/{}", made.room.id))
        .map_err(|_odd| problem::internal("a room's id fits no header"))?;
    let view = Json(RoomView::to(made.room, &actor, member.as_ref()));
    Ok((status, [(header::LOCATION, place)], view).into_response())
}

fn read(actor: &Actor, fields: &Fields<'_>) -> Result<NewRoom, Flaw> {
    let kind = match fields.one_of("kind", &["public", "private", "direct"])? {
        Some(0) => Kind::Public,
        Some(1) => Kind::Private,
        Some(_direct) => Kind::Direct,
        None => {
            return Err(Flaw::bad("kind", "must be one of public, private, direct"));
        }
    };
    let name = fields.text("name", NAME_CHARS)?;
    let name = name.as_deref().map(check_name).transpose()?;
    if kind == Kind::Direct && name.is_some() {
        return Err(Flaw::bad("name", "a direct room has none"));
    }
    let id = fields.text("id", ID_BYTES)?;
    if kind == Kind::Direct && id.is_some() {
        return Err(Flaw::bad("id", "of a direct room is made up"));
    }
    let mut members = members(fields)?;
    let with = fields.text("with", ID_BYTES)?;
    match (kind, actor.user(), with) {
        (Kind::Direct, Some(user), Some(with)) => {
            if !channel::is_id(&with) || with == user {
                return Err(Flaw::bad("with", "must be the id of another user"));
            }
            if !members.is_empty() {
                return Err(Flaw::bad("members", "name the other user with `with`"));
            }
            members.push(with);
        }
        (Kind::Direct, Some(_user), None) => {
            return Err(Flaw::bad("with", "says who the other user is"));
        }
        (_, _, Some(_with)) => {
            return Err(Flaw::bad("with", "is for a user's direct room"));
        }
        (_, _, None) => {}
    }
    Ok(NewRoom {
        id,
        kind,
        name: name.unwrap_or_default(),
        members,
        once: None,
    })
}

fn members(fields: &Fields<'_>) -> Result<Vec<String>, Flaw> {
    let list = fields.list("members", MEMBERS)?;
    let ids = list.iter().enumerate().map(|(index, raw)| {
        let id: Option<String> = serde_json::from_str(raw.get()).ok();
        id.filter(|id| channel::is_id(id))
            .ok_or_else(|| Flaw::bad(format!("members[{index}]"), "must be a user's id"))
    });
    ids.collect()
}
