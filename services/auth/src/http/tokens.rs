//! What a login and a refresh answer.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use fanfare_http::Json;
use serde::Serialize;

/// The tokens of a login.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Tokens {
    /// A JWT for `Authorization: Bearer` and for the gateway.
    access_token: String,
    /// For one call of `/v1/auth/refresh`, which gives the next one.
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token lives.
    expires_in: u64,
}

impl Tokens {
    pub(crate) const fn new(access_token: String, refresh_token: String, expires_in: u64) -> Self {
        Self {
            access_token,
            refresh_token,
            token_type: "Bearer",
            expires_in,
        }
    }
}

/// An answer that holds a secret: nobody on the way keeps it.
pub(crate) struct Secret<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Secret<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        response
    }
}
