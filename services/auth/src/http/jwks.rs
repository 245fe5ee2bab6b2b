//! `GET /.well-known/jwks.json`

use crate::app::Shared;
use axum::{extract::State, http::header, response::IntoResponse};

/// The public keys that tokens are signed with, as a JSON Web Key Set (RFC 7517): the one that signs, the next one, and
/// those before until their tokens have expired.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "auth",
    responses((status = 200, description = "The key set", body = Object))
)]
pub(crate) async fn jwks(State(app): State<Shared>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        // A key is published long before it signs, so minutes do not matter.
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, app.key_ring.ring().document.clone())
}
