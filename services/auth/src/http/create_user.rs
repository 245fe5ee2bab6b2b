//! `POST /v1/users`

use super::{
    bad,
    caller::{Caller, Right},
};
use crate::{
    Password,
    app::Shared,
    fault::Fault,
    idempotency::{IdempotencyKey, Once},
    user::{self, User, UserView},
};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};
use fanfare_proto::{ErrorCode, channel::is_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize, Serialize, utoipa::ToSchema)]
pub(crate) struct CreateUser {
    /// What the user signs in with: 1 to 128 characters of A-Z a-z 0-9 _ - . @ :, upper and lower case being the same.
    #[schema(example = "alice")]
    username: String,
    /// At least 8 characters.
    #[serde(skip_serializing)]
    password: Password,
    /// What notifications are addressed to; the username when it is not said. Whoever gets the id of a deleted user
    /// gets his notifications too.
    id: Option<String>,
    /// For people.
    name: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    /// Channel patterns with `r`, `w` or `rw`.
    #[serde(default)]
    #[schema(example = json!({"topic:news.*": "r"}))]
    channels: BTreeMap<String, String>,
    #[serde(default)]
    is_admin: bool,
}

/// Makes a user.
///
/// The same `Idempotency-Key` within 24 h answers with the user it made. The password is no part of that comparison.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes no second user within 24 h")),
    request_body = CreateUser,
    responses(
        (status = 201, body = UserView),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "The username or the id is taken", body = Problem),
    )
)]
pub(crate) async fn create_user(
    State(app): State<Shared>,
    caller: Caller,
    idempotency: IdempotencyKey,
    Json(request): Json<CreateUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    caller.require(Right::Admin)?;
    check(&request)?;
    let once = idempotency.once(&caller.label(), "user", &request)?;
    if let Some(made) = made(&app, once.as_ref()).await? {
        return Ok((StatusCode::CREATED, Json(made.into())));
    }
    let password = app.passwords.hash(&request.password).await?;
    let user = request.user(password, app.clock.now_ms());
    app.check_fits(&user).map_err(bad)?;
    match app.users.create(&user, once.as_ref()).await {
        Ok(()) => {}
        Err(Fault::Conflict) => {
            if let Some(made) = made(&app, once.as_ref()).await? {
                return Ok((StatusCode::CREATED, Json(made.into())));
            }
            return Err(Problem::new(
                ErrorCode::Conflict,
                "the username or the id is taken",
            ));
        }
        Err(fault) => return Err(fault.into()),
    }
    tracing::info!(
        caller = caller.label(),
        user = user.id,
        is_admin = user.is_admin,
        "user made"
    );
    Ok((StatusCode::CREATED, Json(user.into())))
}

fn check(request: &CreateUser) -> Result<(), Problem> {
    if !is_id(&request.username) || request.id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err(bad(
            "username and id are 1 to 128 characters of A-Z a-z 0-9 _ - . @ :",
        ));
    }
    request.password.check_new().map_err(bad)?;
    if let Some(name) = &request.name {
        user::check_name(name).map_err(bad)?;
    }
    user::check_groups(&request.groups).map_err(bad)?;
    user::rights(&request.channels).map_err(bad)?;
    Ok(())
}

impl CreateUser {
    fn user(self, password: String, now_ms: i64) -> User {
        User {
            id: self.id.unwrap_or_else(|| self.username.clone()),
            username: self.username,
            name: self.name,
            password,
            groups: self.groups,
            channels: self.channels,
            is_admin: self.is_admin,
            disabled: false,
            generation: now_ms,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }
}

/// What the same request has made before.
async fn made(app: &Shared, once: Option<&Once>) -> Result<Option<User>, Problem> {
    let Some(once) = once else {
        return Ok(None);
    };
    let Some(id) = once.made(&app.store).await? else {
        return Ok(None);
    };
    match app.users.by_id(&id).await? {
        Some(user) => Ok(Some(user)),
        None => Err(Problem::new(
            ErrorCode::Conflict,
            "this Idempotency-Key made a user that was deleted since; use a new one",
        )),
    }
}
