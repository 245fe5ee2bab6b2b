//! `DELETE /v1/users/{id}`

use super::{
    caller::{Caller, PathId, Right},
    no_such_user,
};
use crate::app::Shared;
use axum::{extract::State, http::StatusCode};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;

/// Deletes a user: he is signed out everywhere. What he was sent stays until its own end.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub(crate) async fn delete_user(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Admin)?;
    if caller.is_user(&id) {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "administrators cannot delete themselves; another one can",
        ));
    }
    let was_there = app.users.delete(&id).await?;
    // Also when it was gone: an earlier request may have failed between the two steps.
    app.revoke_user(&id).await?;
    if !was_there {
        return Err(no_such_user());
    }
    tracing::info!(caller = caller.label(), user = id, "user deleted");
    Ok(StatusCode::NO_CONTENT)
}
