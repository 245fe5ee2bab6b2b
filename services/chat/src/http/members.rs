//! `GET /v1/rooms/{id}/members`.

use super::{
    extract::{self, Caller, Params, RoomId},
    view::MemberView,
};
use crate::{core::Core, members, room::Action};
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
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// Some members of a room, by id.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberPage {
    items: Vec<MemberView>,
    /// Asks for the next page; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List the members
///
/// For whoever may read the room.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/members",
    tag = "rooms",
    operation_id = "list_members",
    params(("id" = String, Path, description = "Of the room."), Query),
    responses(
        (status = 200, description = "A page.", body = MemberPage),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`, or the user is banned.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn list_members(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    Params(query): Params<Query>,
) -> Result<Json<MemberPage>, Problem> {
    let limit = extract::limit(query.limit.as_deref())?;
    let after = query.cursor.as_deref();
    if after.is_some_and(|after| !channel::is_id(after)) {
        return Err(Flaw::bad("cursor", "is none of a page before").into());
    }
    let now_ms = core.allowed(&id, &actor, Action::Read).await?.now_ms;
    let mut found = members::list(&core, &id, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|(user, _member)| user.clone());
    let items = found.into_iter();
    Ok(Json(MemberPage {
        items: items
            .map(|(user, member)| MemberView::of(user, member, now_ms))
            .collect(),
        next_cursor: last.filter(|_user| more),
    }))
}
