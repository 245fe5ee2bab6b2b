//! One message as a stream holds it.

use super::header;
use async_nats::{HeaderMap, Message};
use bytes::Bytes;

/// Read from a stream, or republished by it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// Under which subject it is kept.
    pub(super) subject: String,
    /// Its number in the stream.
    pub(super) seq: u64,
    /// When it was stored.
    pub(super) stored_at_ms: i64,
    /// Its own headers, and some that tell what stands above.
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

impl Stored {
    /// `None` when the message does not say where it is stored.
    pub(super) fn read(message: Message) -> Option<Self> {
        let headers = message.headers?;
        let stored_at = text(&headers, header::TIME_STAMP)?;
        let stored_at: jiff::Timestamp = stored_at.parse().ok()?;
        Some(Self {
            subject: text(&headers, header::SUBJECT)?.to_owned(),
            seq: number(&headers, header::SEQUENCE)?,
            stored_at_ms: stored_at.as_millisecond(),
            payload: message.payload,
            headers,
        })
    }
}

/// A header's value.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(name).map(async_nats::HeaderValue::as_str)
}

/// A header's value as a number.
pub(super) fn number(headers: &HeaderMap, name: &'static str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}
