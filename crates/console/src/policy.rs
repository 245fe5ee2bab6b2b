//! What a page of the console may load and do.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Bytes of chance in a nonce: more than anybody guesses while a page is loaded.
const NONCE_BYTES: usize = 16;

/// A value that only this response knows, as hexadecimal. `None` when there is no chance to be had.
pub(crate) fn nonce() -> Option<String> {
    let mut bytes = [0; NONCE_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The policy of a page whose scripts and styles carry `nonce`. `host` is where the browser thinks it is: not every
/// browser takes `'self'` for WebSockets.
pub(crate) fn content_security(nonce: &str, host: Option<&str>) -> String {
    let sockets = host
        .filter(|host| is_host(host))
        .map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{sockets}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// Whether it can stand in a policy: nobody adds a directive by the name he calls the server.
fn is_host(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(is_good)
}

/// What goes with everything of the console.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_go_to_the_page_s_own_host() {
        let policy = content_security("n", Some("console.example.com:8443"));
        assert!(policy.contains(
            "connect-src 'self' ws://console.example.com:8443 wss://console.example.com:8443;"
        ));
        assert!(content_security("n", Some("[::1]:8000")).contains("ws://[::1]:8000"));
    }

    #[test]
    fn a_host_adds_no_directive() {
        for host in ["a; script-src *", "a b", "'unsafe-inline'", "*", ""] {
            assert!(
                content_security("n", Some(host)).contains("connect-src 'self';"),
                "{host}"
            );
        }
    }

    #[test]
    fn no_two_nonces_are_alike() {
        let (one, other) = (nonce().unwrap(), nonce().unwrap());
        assert_eq!(one.len(), 2 * NONCE_BYTES);
        assert_ne!(one, other);
    }
}
