//! `POST /v1/auth/login`

use super::tokens::{Secret, Tokens};
use crate::{
    Password,
    app::Shared,
    fault::Fault,
    issue,
    metrics::{Issue, Login},
};
use axum::extract::State;
use fanfare_http::{ClientAddr, Json, Problem};
use fanfare_proto::{ErrorCode, channel::is_id};
use serde::Deserialize;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct LoginRequest {
    /// Upper and lower case are the same.
    #[schema(example = "admin")]
    username: String,
    password: Password,
}

/// Signs a user in.
///
/// An unknown name, a wrong password and a disabled account get the same answer after the same work. Failed attempts are
/// limited by name and address, by name, and by address.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "auth",
    request_body = LoginRequest,
    responses(
        (status = 200, body = Tokens),
        (status = 401, description = "The username or the password is wrong", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when to try again", body = Problem),
    )
)]
pub(crate) async fn login(
    State(app): State<Shared>,
    ClientAddr(address): ClientAddr,
    Json(request): Json<LoginRequest>,
) -> Result<Secret<Tokens>, Problem> {
    // What cannot be a name shares one bucket: there is no account behind any of them.
    let name = if is_id(&request.username) {
        request.username.to_ascii_lowercase()
    } else {
        String::new()
    };
    if let Err(wait_ms) = app.attempts.begin(&name, address, app.clock.now_ms()) {
        app.meters.logins.of(Login::Limited).inc();
        let detail = "too many attempts to sign in, try again later";
        return Err(Problem::new(ErrorCode::RateLimited, detail).retry_after_ms(wait_ms));
    }
    let outcome = attempt(&app, &request).await;
    let counted = match outcome.as_ref().map_err(Problem::code) {
        Ok(_tokens) => Login::Ok,
        Err("unauthorized") => Login::Refused,
        Err("rate_limited") => Login::Limited,
        Err(_other) => Login::Failed,
    };
    app.meters.logins.of(counted).inc();
    if !matches!(counted, Login::Refused) {
        app.attempts.forgive(&name, Some(address));
    }
    outcome
}

async fn attempt(app: &Shared, request: &LoginRequest) -> Result<Secret<Tokens>, Problem> {
    let refused = || {
        Problem::new(
            ErrorCode::Unauthorized,
            "the username or the password is wrong",
        )
    };
    if !request.password.is_sane() {
        return Err(refused());
    }
    let found = app.users.by_name(&request.username).await?;
    let stored = found.as_ref().map(|user| user.password.as_str());
    let is_right = app.passwords.matches(&request.password, stored).await?;
    let Some(found) = found.filter(|user| is_right && !user.disabled) else {
        return Err(refused());
    };
    // Read again after the date of issue is fixed: whoever changes the account from now on also hits this token.
    let issued_at_ms = app.issue_date_ms(&found.id).await?;
    let user = app.users.by_id(&found.id).await?;
    let is_same = |user: &_| is_unchanged(&found, user);
    let Some(user) = user.filter(is_same) else {
        return Err(refused());
    };
    let session = issue::random_id()?;
    let access_token = app.access_token(&user, &session, issued_at_ms, Issue::Login)?;
    let now_ms = app.clock.now_ms();
    let refresh_token = app.families.begin(&user, &session, now_ms).await;
    let refresh_token = refresh_token.map_err(|fault: Fault| Problem::from(fault))?;
    tracing::info!(user = user.id, session, "signed in");
    let expires_in = app.settings.access_ttl.as_secs();
    Ok(Secret(Tokens::new(access_token, refresh_token, expires_in)))
}

fn is_unchanged(before: &crate::user::User, now: &crate::user::User) -> bool {
    now.generation == before.generation && now.password == before.password && !now.disabled
}
