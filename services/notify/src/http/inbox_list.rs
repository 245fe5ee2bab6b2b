//! `GET /v1/inbox`.

use super::extract::{Params, User};
use crate::{
    core::Core,
    fields::Flaw,
    inbox::{
        channels,
        cursor::Cursor,
        page::{self, Filter},
        store,
    },
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::limits;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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
    /// `all` (default: whatever is not archived), `unread` or `archived`.
    #[param(example = "unread")]
    filter: Option<String>,
}

/// A page of the inbox.
#[derive(Serialize, ToSchema)]
pub(crate) struct InboxView {
    /// Notifications as in `notification.data`, with `channel`, `read` and `archived`.
    #[schema(value_type = Vec<Object>, example = json!([{
        "n": 12, "id": "01acf2a3-1b00-7d3f-8f0e-5f6a3f1c2b4d", "title": "Invoice 42 is paid", "content": "Thank you.",
        "level": "success", "priority": 3, "msg_type": "invoice", "link_type": "invoice", "link_id": "42",
        "created_at": "2026-01-31T12:00:00.000Z", "channel": "user:7", "read": false, "archived": false
    }]))]
    items: Vec<Box<RawValue>>,
    /// Asks for the next page; left out at the end. A page may hold fewer items than asked for although there is a
    /// next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Read the inbox
///
/// The user's own notifications, those of his token's groups and those for all, merged, newest first. Pages do not shift
/// when something comes in meanwhile.
#[utoipa::path(
    get,
    path = "/v1/inbox",
    tag = "inbox",
    operation_id = "list_inbox",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = InboxView),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 429, description = "Too many requests of this user; see `Retry-After`.", body = Problem),
    ),
    security(("user_token" = []))
)]
pub(crate) async fn list_inbox(
    State(core): State<Arc<Core>>,
    user: User,
    Params(query): Params<Query>,
) -> Result<Json<InboxView>, Problem> {
    let filter = match query.filter.as_deref() {
        None | Some("all") => Filter::All,
        Some("unread") => Filter::Unread,
        Some("archived") => Filter::Archived,
        Some(_) => {
            return Err(Flaw::bad("filter", "must be one of all, unread, archived").into());
        }
    };
    let limit = match query.limit.as_deref().map(str::parse) {
        None => limits::HISTORY_ITEMS_DEFAULT,
        Some(Ok(limit)) if (1..=limits::HISTORY_ITEMS).contains(&limit) => limit,
        Some(_) => {
            let why = format!("must be a whole number from 1 to {}", limits::HISTORY_ITEMS);
            return Err(Flaw::bad("limit", why).into());
        }
    };
    let cursor = query.cursor.as_deref().map(Cursor::parse).transpose()?;
    let owner = user.owner();
    let state = store::load(&core, owner.user).await?;
    let channels = channels::of(owner.user, owner.groups);
    let page = page::read(&core, &channels, &state, filter, cursor.as_ref(), limit).await?;
    Ok(Json(InboxView {
        items: page.items,
        next_cursor: page.next.map(|next| next.encode()),
    }))
}
