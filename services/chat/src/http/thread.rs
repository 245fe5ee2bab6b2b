//! `GET /v1/rooms/{id}/threads/{n}`.

use super::extract::{self, Caller, Params, RoomMessage, number};
use crate::{
    core::Core,
    thread::{self, Page},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// Read a thread
///
/// The replies to a message, and to its replies, as they are now. The first page holds the newest, each in the order of
/// the room. Of more than 2,000 the newest are listed.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/threads/{n}",
    tag = "rooms",
    operation_id = "list_thread",
    params(("id" = String, Path, description = "Of the room."), ("n" = u64, Path, description = "Of the thread's first message."), Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "The key lacks the scope `rooms:manage`, or the user is banned.", body = Problem),
        (status = 404, description = "There is no such room or message, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn list_thread(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomMessage { room, n }: RoomMessage,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let limit = extract::limit(query.limit.as_deref())?;
    let before = number("cursor", query.cursor.as_deref())?;
    let page = thread::page(&core, &actor, &room, n, before, limit).await?;
    Ok(Json(page))
}
