//! `DELETE /v1/auth/api-keys/{id}`

use super::caller::{Caller, PathId, Right};
use crate::app::Shared;
use axum::{extract::State, http::StatusCode};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;

/// Ends an API key, everywhere within 5 seconds.
#[utoipa::path(
    delete,
    path = "/v1/auth/api-keys/{id}",
    tag = "auth",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The key's id, not its text")),
    responses(
        (status = 204, description = "It ends"),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn delete_api_key(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Admin)?;
    if !app.api_keys.delete(&id).await? {
        return Err(Problem::new(
            ErrorCode::NotFound,
            "there is no such API key",
        ));
    }
    tracing::info!(caller = caller.label(), key = id, "API key deleted");
    Ok(StatusCode::NO_CONTENT)
}
