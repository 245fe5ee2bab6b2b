//! `X-Request-Id`.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is echoed, in bytes: a UUID with a prefix.
const MAX_BYTES: usize = 128;

/// Middleware: echoes the caller's `X-Request-Id`, or makes one, and puts it on every log line of the request.
pub async fn request_id(request: Request, next: Next) -> Response {
    let sent = request
        .headers()
        .get(&X_REQUEST_ID)
        .filter(|id| id.len() <= MAX_BYTES && id.to_str().is_ok());
    let id = sent.cloned().unwrap_or_else(generate);
    let span = tracing::info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = request.uri().path(),
    );
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(X_REQUEST_ID.clone(), id);
    response
}

fn generate() -> HeaderValue {
    let mut bytes = [0; 12];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return HeaderValue::from_static("none");
    }
    let text = bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("none"))
}
