//! `GET /v1/rooms`.

use super::{
    extract::{self, Caller, Params},
    view::RoomView,
};
use crate::{
    actor::Actor,
    core::Core,
    list::{self, RoomItem},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::channel;
use fanfare_service::Flaw;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `true`: public rooms, whoever is in them.
    public: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most 200; 50 when left out. A page of a user's own rooms holds 100.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// Some rooms.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RoomPage {
    Own(OwnRooms),
    Found(FoundRooms),
}

/// A user's own rooms, those with the newest entries first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnRooms {
    items: Vec<RoomItem>,
    /// Asks for the next page; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Rooms by id.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundRooms {
    items: Vec<RoomView>,
    /// Asks for the next page; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List rooms
///
/// With `public=true` the public ones by id, for whoever asks. Otherwise a user's own with what he has not read in each,
/// or for a backend all rooms by id.
#[utoipa::path(
    get,
    path = "/v1/rooms",
    tag = "rooms",
    operation_id = "list_rooms",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = RoomPage),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; ask again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn list_rooms(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    Params(query): Params<Query>,
) -> Result<Json<RoomPage>, Problem> {
    let is_public = match query.public.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Flaw::bad("public", "must be true or false").into()),
    };
    let limit = extract::limit(query.limit.as_deref())?;
    let cursor = query.cursor.as_deref();
    match actor.user() {
        Some(user) if !is_public => own(&core, user, cursor.unwrap_or_default()).await,
        _ => found(&core, &actor, is_public, cursor, limit).await,
    }
}

async fn own(core: &Core, user: &str, cursor: &str) -> Result<Json<RoomPage>, Problem> {
    let page = list::rooms(core, user, cursor).await?;
    Ok(Json(RoomPage::Own(OwnRooms {
        items: page.rooms,
        next_cursor: Some(page.next).filter(|next| !next.is_empty()),
    })))
}

async fn found(
    core: &Core,
    actor: &Actor,
    is_public: bool,
    after: Option<&str>,
    limit: usize,
) -> Result<Json<RoomPage>, Problem> {
    if after.is_some_and(|after| !channel::is_id(after)) {
        return Err(Flaw::bad("cursor", "is none of a page before").into());
    }
    let (rooms, next) = if is_public {
        list::public(core, actor, after, limit).await?
    } else {
        list::all(core, after, limit).await?
    };
    let items = rooms.into_iter();
    Ok(Json(RoomPage::Found(FoundRooms {
        items: items.map(|(room, role)| RoomView::of(room, role)).collect(),
        next_cursor: next,
    })))
}
