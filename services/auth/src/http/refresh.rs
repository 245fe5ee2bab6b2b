//! `POST /v1/auth/refresh`

use super::tokens::{Secret, Tokens};
use crate::{
    app::Shared,
    families::{Family, RefreshToken, Standing},
    fault::Fault,
    metrics::{Issue, Refresh},
    store::{Stored, TRIES},
};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use serde::Deserialize;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct RefreshRequest {
    /// The last one that a login or refresh gave.
    pub(crate) refresh_token: String,
}

/// Why there are no new tokens.
enum Refused {
    Unknown,
    Repeated,
    Reused,
    Failed(Problem),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// Trades a refresh token for new tokens.
///
/// A refresh token works once. When one comes again, somebody has a copy: the whole login ends, for both. The last one
/// sent again within 10 seconds is taken for a double submission: it gets `conflict` and no token, and nothing ends; use
/// the token that the other request got.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "auth",
    request_body = RefreshRequest,
    responses(
        (status = 200, body = Tokens),
        (status = 401, description = "Unknown, expired or used: sign in again", body = Problem),
        (status = 409, description = "Sent twice at once: use the token that the other request got", body = Problem),
        (status = 429, description = "Signed out twice within a second: the same token again after `Retry-After`", body = Problem),
    )
)]
pub(crate) async fn refresh(
    State(app): State<Shared>,
    Json(request): Json<RefreshRequest>,
) -> Result<Secret<Tokens>, Problem> {
    let (outcome, answer) = match rotate(&app, &request.refresh_token).await {
        Ok(tokens) => (Refresh::Ok, Ok(Secret(tokens))),
        Err(Refused::Unknown) => (Refresh::Refused, Err(sign_in_again())),
        Err(Refused::Reused) => (Refresh::Reused, Err(sign_in_again())),
        Err(Refused::Repeated) => {
            let detail = "this refresh token was used a moment ago; use the one it was traded for";
            let problem = Problem::new(ErrorCode::Conflict, detail);
            (Refresh::Repeated, Err(problem))
        }
        Err(Refused::Failed(problem)) => (Refresh::Failed, Err(problem)),
    };
    app.meters.refreshes.of(outcome).inc();
    answer
}

/// One answer for unknown, expired and used ones, so that nobody learns which it was.
fn sign_in_again() -> Problem {
    Problem::new(
        ErrorCode::Unauthorized,
        "the refresh token is not valid any more, sign in again",
    )
}

async fn rotate(app: &Shared, text: &str) -> Result<Tokens, Refused> {
    let token = RefreshToken::parse(text).ok_or(Refused::Unknown)?;
    for _try in 0..TRIES {
        let stored = app.families.get(&token).await?;
        let stored = stored.ok_or(Refused::Unknown)?;
        let now_ms = app.clock.now_ms();
        if stored.value.expires_at_ms <= now_ms {
            return Err(Refused::Unknown);
        }
        match stored.value.standing(&token, now_ms) {
            Standing::Current => {}
            Standing::Repeated => return Err(Refused::Repeated),
            Standing::Reused => {
                end(app, &token, &stored.value).await?;
                return Err(Refused::Reused);
            }
        }
        match trade(app, text, &token, &stored, now_ms).await {
            // Somebody else used it meanwhile: look again what it is now.
            Err(Refused::Failed(problem)) if problem.code() == ErrorCode::Conflict.as_str() => {}
            outcome => return outcome,
        }
    }
    Err(Fault::Conflict.into())
}

async fn trade(
    app: &Shared,
    text: &str,
    token: &RefreshToken,
    stored: &Stored<Family>,
    now_ms: i64,
) -> Result<Tokens, Refused> {
    let family = &stored.value;
    // Before the account is read: see `App::issue_date_ms`.
    let issued_at_ms = app.issue_date_ms(&family.user).await?;
    let user = app.users.by_id(&family.user).await?;
    let is_good = |user: &_| is_still(family, user);
    let Some(user) = user.filter(is_good) else {
        app.families.end(token, &family.session).await?;
        return Err(Refused::Unknown);
    };
    let access_token = app.access_token(&user, &family.session, issued_at_ms, Issue::Refresh)?;
    let refresh_token = app.families.rotate(text, stored, now_ms).await?;
    let expires_in = app.settings.access_ttl.as_secs();
    Ok(Tokens::new(access_token, refresh_token, expires_in))
}

fn is_still(family: &Family, user: &crate::user::User) -> bool {
    user.generation == family.generation && !user.disabled
}

/// Access tokens first: when the second step fails, the same token again ends the family.
async fn end(app: &Shared, token: &RefreshToken, family: &Family) -> Result<(), Fault> {
    tracing::warn!(
        user = family.user,
        session = family.session,
        "a used refresh token came again: the session ends"
    );
    app.revoke_session(&family.session).await?;
    app.families.end(token, &family.session).await
}
