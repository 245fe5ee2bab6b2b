//! How a reader comes in: its upgrade request, and what it says and hears before it is live.

use crate::{fault::Outcome, frame, http, stamp::find};
use std::rc::Rc;

/// Any sixteen bytes will do: nobody between us and the server caches.
const KEY: &str = "ZmFuZmFyZSB3aXJlIGJlbg==";

/// What a reader of the server does before it is live.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    /// Sent once it is welcomed.
    pub(crate) subscribe: Option<Vec<u8>>,
    /// `subscribed` frames until it is live.
    pub(crate) subscriptions: u8,
}

impl Greeting {
    /// Reads nothing.
    pub(crate) fn plain() -> Rc<Self> {
        Rc::default()
    }

    /// Subscribes to `channel`, from behind the cursor `since` if there is one.
    pub(crate) fn subscribing(channel: &str, since: Option<&str>) -> Rc<Self> {
        let since = since.map_or_else(String::new, |since| format!(r#","since":"{since}""#));
        let text = format!(r#"{{"type":"subscribe","channel":"{channel}","id":"s"{since}}}"#);
        Rc::new(Self {
            subscribe: Some(frame::masked(1, text.as_bytes())),
            subscriptions: 1,
        })
    }

    /// Is subscribed to this many channels by the path.
    pub(crate) fn by_path(subscriptions: u8) -> Rc<Self> {
        Rc::new(Self {
            subscribe: None,
            subscriptions,
        })
    }
}

/// The request for `path` by the bearer of `token`.
pub(crate) fn request(path: &str, token: &str, compressed: bool) -> Box<[u8]> {
    let extensions = if compressed {
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    } else {
        ""
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extensions}\
         Authorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
    .into()
}

/// The answer to an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Upgraded {
    /// Bytes of its head.
    pub(crate) len: usize,
    /// Whether messages may come deflated.
    pub(crate) compressed: bool,
}

/// Reads the answer at the front of `bytes`; `None` while something is missing, an error in words when it is a refusal.
pub(crate) fn answer(bytes: &[u8]) -> Outcome<Option<Result<Upgraded, String>>> {
    let Some(len) = http::head_bytes(bytes)? else {
        return Ok(None);
    };
    let head = &bytes[..len];
    if find(head, b" 101 ").is_none() {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Ok(Some(Err(format!(
            "an upgrade was answered with {:?}",
            String::from_utf8_lossy(line)
        ))));
    }
    Ok(Some(Ok(Upgraded {
        len,
        compressed: find(head, b"permessage-deflate").is_some(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_its_head_is_there() {
        let bytes = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x00";
        let upgraded = Upgraded {
            len: bytes.len() - 2,
            compressed: false,
        };
        assert_eq!(answer(bytes).unwrap(), Some(Ok(upgraded)));
        assert_eq!(answer(&bytes[..20]).unwrap(), None);
        let refused = answer(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
        assert!(refused.unwrap().unwrap_err().contains("503"));
        let bytes = b"HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        assert!(answer(bytes).unwrap().unwrap().unwrap().compressed);
    }

    #[test]
    fn deflate_is_offered_when_asked_for() {
        let offers = |compressed| find(&request("/ws/", "t", compressed), b"permessage-deflate");
        assert!(offers(true).is_some() && offers(false).is_none());
    }
}
