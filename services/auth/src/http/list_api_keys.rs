//! `GET /v1/auth/api-keys`

use super::{
    caller::{Caller, Right},
    page::Page,
};
use crate::{api_keys::ApiKeyRecord, app::Shared};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::Timestamp;
use serde::Serialize;

/// A key without its text.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    id: String,
    name: String,
    scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Which user or key made it.
    #[schema(example = "user:admin")]
    created_by: String,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ApiKeyPage {
    items: Vec<ApiKeyView>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<ApiKeyRecord> for ApiKeyView {
    fn from(record: ApiKeyRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            scopes: record.scopes,
            created_at: Timestamp::from_ms(record.created_at_ms),
            created_by: record.created_by,
        }
    }
}

/// Lists the API keys.
#[utoipa::path(
    get,
    path = "/v1/auth/api-keys",
    tag = "auth",
    security(("bearer" = [])),
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 50 when it is not said"),
    ),
    responses(
        (status = 200, body = ApiKeyPage),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    )
)]
pub(crate) async fn list_api_keys(
    State(app): State<Shared>,
    caller: Caller,
    page: Page,
) -> Result<Json<ApiKeyPage>, Problem> {
    caller.require(Right::Admin)?;
    let mut keys = app
        .api_keys
        .list(page.after.as_deref(), page.scan_limit())
        .await?;
    let next_cursor = page.cut(&mut keys, |key| &key.id);
    Ok(Json(ApiKeyPage {
        items: keys.into_iter().map(ApiKeyView::from).collect(),
        next_cursor,
    }))
}
