//! `POST /v1/auth/logout`

use super::refresh::RefreshRequest;
use crate::{app::Shared, families::RefreshToken};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};

/// Signs out: the refresh token ends, and so do the access tokens and open sockets of the same login.
///
/// A token that is not valid any more gets the same answer: what was asked for is true already.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "auth",
    request_body = RefreshRequest,
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn logout(
    State(app): State<Shared>,
    Json(request): Json<RefreshRequest>,
) -> Result<StatusCode, Problem> {
    let Some(token) = RefreshToken::parse(&request.refresh_token) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    if let Some(stored) = app.families.get(&token).await? {
        // Whoever names a family has held a token of it, also when that one was used since: he may end it.
        let family = stored.value;
        app.revoke_session(&family.session).await?;
        app.families.end(&token, &family.session).await?;
        tracing::info!(user = family.user, session = family.session, "signed out");
    }
    Ok(StatusCode::NO_CONTENT)
}
