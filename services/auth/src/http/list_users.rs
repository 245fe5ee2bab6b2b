//! `GET /v1/users`

use super::{
    caller::{Caller, Right},
    page::Page,
};
use crate::{app::Shared, user::UserView};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use serde::Serialize;

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserPage {
    items: Vec<UserView>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the users.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "users",
    security(("bearer" = [])),
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 50 when it is not said"),
    ),
    responses(
        (status = 200, body = UserPage),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    )
)]
pub(crate) async fn list_users(
    State(app): State<Shared>,
    caller: Caller,
    page: Page,
) -> Result<Json<UserPage>, Problem> {
    caller.require(Right::Admin)?;
    let mut users = app
        .users
        .list(page.after.as_deref(), page.scan_limit())
        .await?;
    let next_cursor = page.cut(&mut users, |user| &user.id);
    Ok(Json(UserPage {
        items: users.into_iter().map(UserView::from).collect(),
        next_cursor,
    }))
}
