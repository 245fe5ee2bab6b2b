//! `GET /v1/rooms/{id}/messages`.

use super::extract::{self, Caller, Params, RoomId, number};
use crate::{
    core::Core,
    history::{self, Page, Part},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_service::Flaw;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// The newest below this ordinal.
    before: Option<String>,
    /// The oldest above this ordinal.
    after: Option<String>,
    /// Half before this ordinal, half from there on.
    around: Option<String>,
    /// At most 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

impl Query {
    fn part(&self) -> Result<Part, Flaw> {
        let named = (
            number("before", self.before.as_deref())?,
            number("after", self.after.as_deref())?,
            number("around", self.around.as_deref())?,
        );
        match named {
            (None, None, None) => Ok(Part::Latest),
            (Some(n), None, None) => Ok(Part::Before(n)),
            (None, Some(n), None) => Ok(Part::After(n)),
            (None, None, Some(n)) => Ok(Part::Around(n)),
            _ => Err(Flaw::bad("", "one of before, after and around, not more")),
        }
    }
}

/// Read a room
///
/// A page of its messages as they are now, whole frames in the order of the room; the newest when no place is named. It
/// costs the same wherever in a room it stands, and may hold fewer items than asked for although there is more.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/messages",
    tag = "rooms",
    operation_id = "list_messages",
    params(("id" = String, Path, description = "Of the room."), Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`, or the user is banned.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn list_messages(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let (part, limit) = (query.part()?, extract::limit(query.limit.as_deref())?);
    let page = history::page(&core, &actor, &id, part, limit).await?;
    Ok(Json(page))
}
