//! What an upgrade request says before the first frame: token, language, origin, where the client left off.

use crate::{
    frame::{self, Agreement},
    settings::Settings,
};
use axum::http::{HeaderMap, HeaderValue, Uri, header, request::Parts};
use fanfare_http::Bearer;
use fanfare_proto::{Channel, text::Lang};
use std::{collections::HashMap, net::IpAddr};

/// The subprotocol this server speaks.
pub(crate) const SUBPROTOCOL: &str = "fanfare.v1";

/// Cursors that an address or an `auth` frame may carry: more than an inbox has channels.
pub(crate) const RESUME: usize = 128;

/// What the request said.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) token: Option<String>,
    pub(crate) lang: Option<Lang>,
    pub(crate) resume: HashMap<Channel, String>,
    /// The subprotocol to answer.
    pub(crate) subprotocol: Option<HeaderValue>,
    pub(crate) origin_allowed: bool,
    /// About compression.
    pub(crate) agreement: Option<Agreement>,
}

impl Handshake {
    /// Reads a request. A token is taken from the first place that has one: `Authorization`, the subprotocol list,
    /// `?token=`.
    pub(crate) fn read(parts: &Parts, settings: &Settings) -> Self {
        let query = Query::read(&parts.uri);
        let offered: Vec<&str> = parts
            .headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        let in_subprotocol = offered.iter().find_map(|name| name.strip_prefix("bearer."));
        let token = Bearer::of(parts)
            .map(|bearer| bearer.0)
            .or_else(|| in_subprotocol.map(str::to_owned))
            .or(query.token);
        Self {
            token,
            lang: query.lang,
            resume: query.resume,
            subprotocol: offered
                .contains(&SUBPROTOCOL)
                .then_some(HeaderValue::from_static(SUBPROTOCOL)),
            origin_allowed: origin_allowed(&parts.headers, &settings.allowed_origins),
            agreement: settings
                .compression
                .then(|| parts.headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS))
                .and_then(frame::negotiate),
        }
    }
}

/// Whether a browser's page of this origin may connect. Clients that are no browsers send no origin.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if allowed
        .iter()
        .any(|own| own == "*" || own.eq_ignore_ascii_case(origin))
    {
        return true;
    }
    let Some((_scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    authority.eq_ignore_ascii_case(host) || (is_loopback(authority) && is_loopback(host))
}

/// Whether `host[:port]` is this machine: a development server of the same person.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host == "localhost"
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[derive(Debug, Default)]
struct Query {
    token: Option<String>,
    lang: Option<Lang>,
    resume: HashMap<Channel, String>,
}

impl Query {
    fn read(uri: &Uri) -> Self {
        let mut query = Self::default();
        for pair in uri.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decoded(value);
            match name {
                "token" if !value.is_empty() && query.token.is_none() => query.token = Some(value),
                "lang" => query.lang = Lang::parse(&value),
                "since" => query.resume.extend(resume(&value)),
                _ => {}
            }
        }
        query
    }
}

/// `channel~cursor,channel~cursor`. What is no channel is left out: its subscription then begins at the head, which
/// `subscribed` tells.
fn resume(text: &str) -> impl Iterator<Item = (Channel, String)> + '_ {
    text.split(',').take(RESUME).filter_map(|pair| {
        let (channel, cursor) = pair.split_once('~')?;
        Some((Channel::parse(channel).ok()?, cursor.to_owned()))
    })
}

/// Undoes percent-encoding; what is not UTF-8 then becomes nothing.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                    rest = after;
                } else {
                    bytes.push(b'%');
                }
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn read(uri: &str, headers: &[(&str, &str)]) -> Handshake {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let settings = Settings {
            allowed_origins: vec!["https://app.example".to_owned()],
            ..Settings::default()
        };
        Handshake::read(&parts, &settings)
    }

    #[test]
    fn the_first_token_wins() {
        let all = [
            ("authorization", "Bearer a"),
            ("sec-websocket-protocol", "fanfare.v1, bearer.b"),
        ];
        assert_eq!(read("/ws/?token=c", &all).token.as_deref(), Some("a"));
        assert_eq!(read("/ws/?token=c", &all[1..]).token.as_deref(), Some("b"));
        assert_eq!(
            read("/ws/?x=1&token=c%2Ed", &[]).token.as_deref(),
            Some("c.d")
        );
        assert_eq!(read("/ws/", &[]).token, None);
    }

    #[test]
    fn our_subprotocol_is_answered_when_offered() {
        assert!(
            read("/ws/", &[("sec-websocket-protocol", "bearer.x")])
                .subprotocol
                .is_none()
        );
        let both = [("sec-websocket-protocol", "fanfare.v1, bearer.x")];
        assert_eq!(read("/ws/", &both).subprotocol.unwrap(), "fanfare.v1");
    }

    #[test]
    fn foreign_origins_are_told_from_our_own() {
        let allowed =
            |origin, host| read("/ws/", &[("origin", origin), ("host", host)]).origin_allowed;
        assert!(read("/ws/", &[("host", "fan.example")]).origin_allowed);
        assert!(allowed("https://app.example", "fan.example"));
        assert!(allowed("https://fan.example", "fan.example"));
        assert!(allowed("http://localhost:5173", "127.0.0.1:8000"));
        assert!(!allowed("http://localhost:5173", "fan.example"));
        assert!(!allowed("https://evil.example", "fan.example"));
        assert!(!allowed("null", "fan.example"));
        assert!(!allowed("https://localhost.evil.example", "localhost:8000"));
    }

    #[test]
    fn cursors_come_by_channel() {
        let resume = read("/ws/?since=user:7~a.1.2,all~a.3.4,nonsense", &[]).resume;
        assert_eq!(resume.len(), 2);
        assert_eq!(resume.get("all").map(String::as_str), Some("a.3.4"));
    }
}
