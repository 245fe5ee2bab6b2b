//! `PUT /v1/users/{id}/password`

use super::{
    bad,
    caller::{Caller, PathId, Right},
    no_such_user,
};
use crate::{Password, app::Shared, users::Changed};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use serde::Deserialize;
use std::convert::Infallible;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ChangePassword {
    /// At least 8 characters.
    password: Password,
    /// Needed for one's own password, so that a stolen token cannot take over the account.
    current_password: Option<Password>,
}

/// Changes a password: a user his own, an administrator anybody's. The user is signed out everywhere.
#[utoipa::path(
    put,
    path = "/v1/users/{id}/password",
    tag = "users",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed; sign in again"),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, description = "Not the user's own, or the current password is wrong", body = Problem),
        (status = 404, body = Problem),
        (status = 429, body = Problem),
    )
)]
pub(crate) async fn change_password(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId,
    Json(request): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let is_own = caller.is_user(&id);
    if !is_own {
        caller.require(Right::Admin)?;
    }
    request.password.check_new().map_err(bad)?;
    let user = app.users.by_id(&id).await?.ok_or_else(no_such_user)?;
    if is_own {
        let current = request.current_password.as_ref();
        let current = current.ok_or_else(|| bad("current_password is missing"))?;
        check_current(&app, &user, current).await?;
    }
    let hash = app.passwords.hash(&request.password).await?;
    let now_ms = app.clock.now_ms();
    let changed: Changed<Infallible> = app
        .users
        .update(&id, |user| {
            user.password.clone_from(&hash);
            user.next_generation(now_ms);
            user.updated_at_ms = now_ms;
            Ok(())
        })
        .await?;
    if matches!(changed, Changed::Missing) {
        return Err(no_such_user());
    }
    app.revoke_user(&id).await?;
    tracing::info!(caller = caller.label(), user = id, "password changed");
    Ok(StatusCode::NO_CONTENT)
}

/// Limited like a login: with a stolen token it is one.
async fn check_current(
    app: &Shared,
    user: &crate::user::User,
    current: &Password,
) -> Result<(), Problem> {
    let name = user.username.to_ascii_lowercase();
    if let Err(wait_ms) = app.attempts.begin_known(&name, app.clock.now_ms()) {
        let detail = "too many attempts, try again later";
        return Err(Problem::new(ErrorCode::RateLimited, detail).retry_after_ms(wait_ms));
    }
    let stored = Some(user.password.as_str());
    if !current.is_sane() || !app.passwords.matches(current, stored).await? {
        return Err(Problem::new(
            ErrorCode::Forbidden,
            "the current password is wrong",
        ));
    }
    app.attempts.forgive(&name, None);
    Ok(())
}
