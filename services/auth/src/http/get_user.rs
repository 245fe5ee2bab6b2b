//! `GET /v1/users/{id}`

use super::{
    caller::{Caller, PathId, Right},
    no_such_user,
};
use crate::{app::Shared, user::UserView};
use axum::extract::State;
use fanfare_http::{Json, Problem};

/// Shows a user.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = UserView),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn get_user(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<UserView>, Problem> {
    caller.require(Right::Admin)?;
    let user = app.users.by_id(&id).await?;
    user.map(|user| Json(user.into())).ok_or_else(no_such_user)
}
