//! `POST /v1/auth/revoke`

use super::{
    bad,
    caller::{Caller, Right},
};
use crate::{app::Shared, users::Changed};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};
use fanfare_proto::channel::is_id;
use serde::Deserialize;
use std::convert::Infallible;

/// Longest `sid` and `jti`, in bytes: what verifiers take.
const WORD_BYTES: usize = 128;

/// Exactly one of them.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct RevokeRequest {
    /// Everything that this user has got until now, refresh tokens included.
    user: Option<String>,
    /// Everything of this login (`sid`).
    session: Option<String>,
    /// This one token.
    jti: Option<String>,
}

/// Takes tokens back. Open sockets that were opened with them close within a second.
#[utoipa::path(
    post,
    path = "/v1/auth/revoke",
    tag = "auth",
    security(("bearer" = [])),
    request_body = RevokeRequest,
    responses(
        (status = 204, description = "Taken back, also when there was nothing to take"),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    )
)]
pub(crate) async fn revoke(
    State(app): State<Shared>,
    caller: Caller,
    Json(request): Json<RevokeRequest>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Admin)?;
    let is_word = |word: &str| (1..=WORD_BYTES).contains(&word.len());
    match (request.user, request.session, request.jti) {
        (Some(user), None, None) if is_id(&user) => {
            let now_ms = app.clock.now_ms();
            // The user may be a backend's own, without an account here.
            let _account: Changed<Infallible> = app
                .users
                .update(&user, |account| {
                    account.next_generation(now_ms);
                    Ok(())
                })
                .await?;
            app.revoke_user(&user).await?;
            tracing::info!(caller = caller.label(), user, "tokens of a user revoked");
        }
        (None, Some(session), None) if is_word(&session) => {
            app.revoke_any_session(&session).await?;
            tracing::info!(caller = caller.label(), session, "a session was revoked");
        }
        (None, None, Some(jti)) if is_word(&jti) => {
            app.revoke_token(&jti).await?;
            tracing::info!(caller = caller.label(), jti, "a token was revoked");
        }
        _ => {
            return Err(bad(
                "name exactly one of user (an id), session (a sid) and jti, of at most 128 bytes",
            ));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
