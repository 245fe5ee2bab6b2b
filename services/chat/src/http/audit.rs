//! `GET /v1/rooms/{id}/audit`.

use super::extract::{self, Caller, Params, RoomId};
use crate::{
    audit::{self, Deed},
    core::Core,
    room::Action,
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_service::Flaw;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest cursor that is looked at, in bytes: a time and a few characters.
const CURSOR_BYTES: usize = 64;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// Some of what moderators did, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    items: Vec<Deed>,
    /// Asks for the next page; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Look up what moderators did
///
/// For moderators. It is kept for a year, unless the operator has chosen otherwise.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/audit",
    tag = "rooms",
    operation_id = "list_audit",
    params(("id" = String, Path, description = "Of the room."), Query),
    responses(
        (status = 200, description = "A page.", body = AuditPage),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or key.", body = Problem),
        (status = 403, description = "Which role it takes.", body = Problem),
        (status = 404, description = "There is no such room, or the user may not know of it.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("api_key" = []), ("user_token" = []))
)]
pub(crate) async fn list_audit(
    State(core): State<Arc<Core>>,
    Caller(actor): Caller,
    RoomId(id): RoomId,
    Params(query): Params<Query>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = extract::limit(query.limit.as_deref())?;
    let after = query.cursor.as_deref();
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-:.".contains(&byte);
    if after.is_some_and(|after| after.len() > CURSOR_BYTES || after.bytes().any(is_odd)) {
        return Err(Flaw::bad("cursor", "is none of a page before").into());
    }
    core.allowed(&id, &actor, Action::Audit).await?;
    let mut found = audit::list(&core, &id, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|(cursor, _deed)| cursor.clone());
    Ok(Json(AuditPage {
        items: found.into_iter().map(|(_cursor, deed)| deed).collect(),
        next_cursor: last.filter(|_cursor| more),
    }))
}
