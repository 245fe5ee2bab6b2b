//! The page that everything else is loaded by.

use crate::{asset, policy};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, header},
};

/// What the build leaves in the page for a nonce.
const PLACE: &str = "__CSP_NONCE__";

/// In place of a console that was not built.
const NOTICE: &str = include_str!("notice.html");

/// The page with a nonce of its own. `None` when there is no chance to be had for it.
pub(crate) fn response(request: &HeaderMap) -> Option<Response<Body>> {
    let nonce = policy::nonce()?;
    let page = asset::find("index.html").and_then(|asset| std::str::from_utf8(asset.plain).ok());
    let host = request
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let policy = policy::content_security(&nonce, host);
    let mut response = Response::new(Body::from(page.unwrap_or(NOTICE).replace(PLACE, &nonce)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    // No validator: an old page with the policy of a new answer would have the wrong nonce.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).ok()?,
    );
    Some(response)
}
