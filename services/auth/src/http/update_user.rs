//! `PATCH /v1/users/{id}`

use super::{
    bad,
    caller::{Caller, PathId, Right},
    no_such_user,
};
use crate::{
    app::Shared,
    user::{self, User, UserView},
    users::Changed,
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is not said stays as it is.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct UpdateUser {
    /// For people; empty takes it away.
    name: Option<String>,
    groups: Option<Vec<String>>,
    /// Channel patterns with `r`, `w` or `rw`.
    #[schema(example = json!({"topic:news.*": "r"}))]
    channels: Option<BTreeMap<String, String>>,
    is_admin: Option<bool>,
    /// A disabled user is signed out everywhere and cannot sign in.
    disabled: Option<bool>,
}

/// Changes a user.
///
/// Changed rights count at once: the access tokens that say the old ones are taken back, and clients refresh. Disabling
/// ends every login. Administrators cannot take their own rights away.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body = UpdateUser,
    responses(
        (status = 200, body = UserView),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub(crate) async fn update_user(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId,
    Json(request): Json<UpdateUser>,
) -> Result<Json<UserView>, Problem> {
    caller.require(Right::Admin)?;
    request.check()?;
    if caller.is_user(&id) && (request.is_admin == Some(false) || request.disabled == Some(true)) {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "administrators cannot take their own rights away; another one can",
        ));
    }
    let now_ms = app.clock.now_ms();
    let changed = app
        .users
        .update(&id, |user| {
            request.apply(user, now_ms);
            app.check_fits(user)
        })
        .await?;
    let user = match changed {
        Changed::To(user) => *user,
        Changed::Missing => return Err(no_such_user()),
        Changed::Refused(detail) => return Err(bad(detail)),
    };
    // Also when nothing changed: an earlier request may have failed between the two steps.
    if request.touches_rights() {
        app.revoke_user(&id).await?;
    }
    tracing::info!(caller = caller.label(), user = id, "user changed");
    Ok(Json(user.into()))
}

impl UpdateUser {
    fn check(&self) -> Result<(), Problem> {
        if let Some(name) = &self.name {
            user::check_name(name).map_err(bad)?;
        }
        if let Some(groups) = &self.groups {
            user::check_groups(groups).map_err(bad)?;
        }
        if let Some(channels) = &self.channels {
            user::rights(channels).map_err(bad)?;
        }
        Ok(())
    }

    fn apply(&self, user: &mut User, now_ms: i64) {
        if let Some(name) = &self.name {
            user.name = Some(name.clone()).filter(|name| !name.is_empty());
        }
        if let Some(groups) = &self.groups {
            user.groups.clone_from(groups);
        }
        if let Some(channels) = &self.channels {
            user.channels.clone_from(channels);
        }
        user.is_admin = self.is_admin.unwrap_or(user.is_admin);
        if let Some(disabled) = self.disabled {
            user.disabled = disabled;
            if disabled {
                user.next_generation(now_ms);
            }
        }
        user.updated_at_ms = now_ms;
    }

    const fn touches_rights(&self) -> bool {
        self.groups.is_some()
            || self.channels.is_some()
            || self.is_admin.is_some()
            || matches!(self.disabled, Some(true))
    }
}
