//! Which requests are the console's.

use crate::{asset, page, policy};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, Uri, header},
};

/// Paths of the API: what is not there is told as the API tells it, whoever asks.
const API: [&str; 4] = ["/v1", "/ws", "/openapi.json", "/.well-known"];

/// The answer to a request that no route has taken, or `None` when it is not the console's.
///
/// Files are found by their exact path. Every other address outside the API is the console's page for somebody who opens
/// it in a browser. Only `GET` and `HEAD` are answered.
#[must_use]
pub fn respond(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response<Body>> {
    if method != Method::GET && method != Method::HEAD {
        return None;
    }
    let path = uri.path();
    let name = path.strip_prefix('/')?;
    let is_page = name.is_empty() || name == "index.html";
    let mut response = match asset::find(name).filter(|_asset| !is_page) {
        Some(asset) => asset.response(headers),
        None if is_page || (!is_api(path) && opens_page(name, headers)) => page::response(headers)?,
        None => return None,
    };
    policy::protect(response.headers_mut());
    Some(response)
}

fn is_api(path: &str) -> bool {
    API.iter().any(|api| {
        path.strip_prefix(api)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A file that is not there any more is no page: a script would get HTML.
fn opens_page(name: &str, headers: &HeaderMap) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    !name.starts_with("assets/") && accepts.is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, StatusCode};

    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

    fn asked(method: &Method, path: &'static str, accept: &'static str) -> Option<Response<Body>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        respond(method, &Uri::from_static(path), &headers)
    }

    #[test]
    fn a_person_gets_the_page_wherever_he_comes_in() {
        for path in [
            "/",
            "/index.html",
            "/chat/lobby",
            "/wsx",
            "/v1x",
            "/..%2f..%2fetc/passwd",
        ] {
            let response = asked(&Method::GET, path, BROWSER).expect(path);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "text/html; charset=utf-8"
            );
            assert_eq!(
                response.headers()[header::X_CONTENT_TYPE_OPTIONS],
                "nosniff"
            );
        }
    }

    #[test]
    fn the_api_stays_the_api_s() {
        for path in [
            "/v1",
            "/v1/nothing",
            "/ws",
            "/ws/nothing",
            "/openapi.json",
            "/.well-known/x",
        ] {
            assert!(asked(&Method::GET, path, BROWSER).is_none(), "{path}");
        }
    }

    #[test]
    fn a_program_and_another_method_get_no_page() {
        assert!(asked(&Method::GET, "/nothing", "*/*").is_none());
        assert!(asked(&Method::GET, "/assets/gone-0123.js", BROWSER).is_none());
        assert!(asked(&Method::POST, "/", BROWSER).is_none());
    }

    #[test]
    fn each_page_has_a_nonce_of_its_own() {
        let policy = || {
            let response = asked(&Method::GET, "/", BROWSER).unwrap();
            response.headers()[header::CONTENT_SECURITY_POLICY].clone()
        };
        assert_ne!(policy(), policy());
    }
}
