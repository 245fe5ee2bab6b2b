//! A file of the console.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;

/// A file, and the same compressed where that makes it smaller.
pub(crate) struct Asset {
    /// From the root, without the slash.
    pub(crate) path: &'static str,
    /// Of the content, as hexadecimal.
    pub(crate) hash: &'static str,
    pub(crate) plain: &'static [u8],
    pub(crate) brotli: Option<&'static [u8]>,
    pub(crate) gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`, from the root, without the slash.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

impl Asset {
    /// The file, or 304 when the browser has it.
    pub(crate) fn response(&self, request: &HeaderMap) -> Response<Body> {
        let (encoding, bytes) = self.encoded(request);
        let etag = match encoding {
            Some(encoding) => format!("\"{}-{encoding}\"", self.hash),
            None => format!("\"{}\"", self.hash),
        };
        let is_known = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == etag || tag == "*");
        let mut response = if is_known {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(Bytes::from_static(bytes)))
        };
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(header::CACHE_CONTROL, self.caching());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if !is_known {
            headers.insert(header::CONTENT_TYPE, content_type(self.path));
            if let Some(encoding) = encoding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
        }
        response
    }

    /// Files under `assets/` carry the hash of their content in their name.
    fn caching(&self) -> HeaderValue {
        HeaderValue::from_static(if self.path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=3600"
        })
    }

    fn encoded(&self, request: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let packed = [("br", self.brotli), ("gzip", self.gzip)];
        packed
            .into_iter()
            .find_map(|(name, bytes)| {
                Some((Some(name), bytes.filter(|_bytes| accepts(request, name))?))
            })
            .unwrap_or((None, self.plain))
    }
}

/// Whether `Accept-Encoding` names `encoding`, and not with a quality of zero.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            let is_named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            is_named
                && quality
                    .is_none_or(|quality| quality.parse::<f32>().is_ok_and(|quality| quality > 0.0))
        })
}

fn content_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(
        match path.rsplit_once('.').map(|(_name, extension)| extension) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("json") => "application/json",
            Some("webmanifest") => "application/manifest+json",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Asset = Asset {
        path: "assets/a.js",
        hash: "00ff",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn asked(headers: &[(header::HeaderName, &'static str)]) -> Response<Body> {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        FILE.response(&headers.collect())
    }

    fn text(response: &Response<Body>, name: header::HeaderName) -> &str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn a_browser_gets_the_smallest_that_it_takes() {
        for (offered, encoding) in [
            ("gzip, deflate, br", "br"),
            ("GZIP", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("br;q=0.000", ""),
            ("identity", ""),
            ("", ""),
        ] {
            let response = asked(&[(header::ACCEPT_ENCODING, offered)]);
            assert_eq!(
                text(&response, header::CONTENT_ENCODING),
                encoding,
                "{offered}"
            );
            assert_eq!(text(&response, header::VARY), "accept-encoding");
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let encoded = (header::ACCEPT_ENCODING, "br");
        let first = asked(std::slice::from_ref(&encoded));
        assert_eq!(text(&first, header::ETAG), "\"00ff-br\"");
        let again = asked(&[
            encoded.clone(),
            (header::IF_NONE_MATCH, "\"x\", W/\"00ff-br\""),
        ]);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        // Another encoding is another representation.
        let other = asked(&[encoded, (header::IF_NONE_MATCH, "\"00ff\"")]);
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn a_name_with_a_hash_is_kept_for_good() {
        assert!(text(&asked(&[]), header::CACHE_CONTROL).contains("immutable"));
    }
}
