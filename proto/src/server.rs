//! What the server sends as an answer. Pushed publications are written by [`delivery`](crate::delivery).

use crate::{Cursor, Timestamp, code::ErrorCode};
use serde::Serialize;
use serde_json::value::RawValue;

/// A line for people, or a client's own JSON given back in its place.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Line<'a> {
    /// Words of ours.
    Text(&'a str),
    /// JSON exactly as it came.
    Json(&'a RawValue),
}

/// One frame of the server. What is `None` is left out.
#[derive(Clone, Debug, Serialize)]
pub struct ServerFrame<'a, D = ()> {
    /// The frame's type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The `id` of the frame this answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Of an `error` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The line for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Line<'a>>,
    /// The user it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    /// When it was written.
    pub timestamp: Timestamp,
    /// What the type carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<D>,
    /// The channel it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'a str>,
    /// The ordinal it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Where the reader stands after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

impl<'a, D: Serialize> ServerFrame<'a, D> {
    /// A frame of `kind` with nothing else in it.
    #[must_use]
    pub const fn new(kind: &'a str, timestamp: Timestamp) -> Self {
        Self {
            kind,
            id: None,
            code: None,
            message: None,
            user: None,
            timestamp,
            data: None,
            channel: None,
            n: None,
            cursor: None,
        }
    }

    /// The frame as JSON text.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Serialising fails only for maps with keys that are no strings, and no `data` of ours has one.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The `data` of an `error` frame.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ErrorData {
    /// When the same may be tried again.
    pub retry_after_ms: u64,
}

/// The text of an `error` frame. `retry_after_ms` 0 is left out.
#[must_use]
pub fn error(
    code: ErrorCode,
    id: Option<&str>,
    message: &str,
    retry_after_ms: u64,
    timestamp: Timestamp,
) -> Vec<u8> {
    let data = (retry_after_ms > 0).then_some(ErrorData { retry_after_ms });
    ServerFrame {
        id,
        code: Some(code.as_str()),
        message: Some(Line::Text(message)),
        data,
        ..ServerFrame::new("error", timestamp)
    }
    .encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_code_and_hint() {
        let text = error(
            ErrorCode::RateLimited,
            Some("7"),
            "slow down",
            50,
            Timestamp::from_ms(0),
        );
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"type":"error","id":"7","code":"rate_limited","message":"slow down","timestamp":"1970-01-01T00:00:00.000Z","data":{"retry_after_ms":50}}"#
        );
    }
}
