//! What a client sends.

use crate::{code::ErrorCode, json, limits};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One frame of a client: the union of what the types need. Fields nobody knows are ignored.
#[derive(Debug, Deserialize)]
pub struct ClientFrame<'a> {
    /// Decides everything else.
    #[serde(rename = "type")]
    pub kind: String,
    /// Echoed by the reply.
    #[serde(default)]
    pub id: Option<String>,
    /// JSON exactly as sent.
    #[serde(default, borrow)]
    pub content: Option<&'a RawValue>,
    /// JSON exactly as sent.
    #[serde(default, borrow)]
    pub data: Option<&'a RawValue>,
    /// Not checked yet.
    #[serde(default)]
    pub channel: Option<String>,
    /// Of `custom`: the handler.
    #[serde(default)]
    pub name: Option<String>,
    /// Of `auth`.
    #[serde(default)]
    pub token: Option<String>,
    /// Of `subscribe`: a cursor. Of `auth`: an object from channels to cursors.
    #[serde(default, borrow)]
    pub since: Option<&'a RawValue>,
    /// Of `publish`, `edit`, `delete` and `react`.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Of `history`: an ordinal.
    #[serde(default)]
    pub before: Option<u64>,
    /// Of `history`: an ordinal.
    #[serde(default)]
    pub after: Option<u64>,
    /// Of `history` of a room: the ordinal in the middle.
    #[serde(default)]
    pub around: Option<u64>,
    /// Of `history`.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Of `read`: an ordinal. Of `edit`, `delete` and `react`: that of the message.
    #[serde(default)]
    pub n: Option<u64>,
    /// Of `typing` and `react`.
    #[serde(default)]
    pub on: Option<bool>,
    /// Of `subscribe`: to be shown as present in the channel, and to be told who else is.
    #[serde(default)]
    pub presence: Option<bool>,
}

impl<'a> ClientFrame<'a> {
    /// Reads one frame.
    ///
    /// # Errors
    ///
    /// - [`ErrorCode::BadJson`]: not JSON, not an object, or nested deeper than [`limits::JSON_DEPTH`];
    /// - [`ErrorCode::BadMessage`]: no `type`, a field of the wrong type, or an `id` over [`limits::FRAME_ID_CHARS`].
    pub fn parse(text: &'a str) -> Result<Self, ErrorCode> {
        // serde reads a struct from an array too, field by field; the contract does not.
        if !json::is_object(text) || !json::is_shallow(text) {
            return Err(ErrorCode::BadJson);
        }
        let frame: Self = serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                ErrorCode::BadMessage
            } else {
                ErrorCode::BadJson
            }
        })?;
        let long = |id: &String| id.chars().count() > limits::FRAME_ID_CHARS;
        if frame.id.as_ref().is_some_and(long) {
            return Err(ErrorCode::BadMessage);
        }
        Ok(frame)
    }
}

/// The `id` of a text that [`ClientFrame::parse`] has refused, so that the refusal finds its frame.
#[must_use]
pub fn id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: String,
    }
    if !json::is_object(text) || !json::is_shallow(text) {
        return None;
    }
    let only: OnlyId = serde_json::from_str(text).ok()?;
    (only.id.chars().count() <= limits::FRAME_ID_CHARS).then_some(only.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_keeps_content_as_sent() {
        let frame =
            ClientFrame::parse(r#"{"type":"echo","id":"1","content":"h\u00e9 \"x\"","other":[1]}"#)
                .unwrap();
        assert_eq!(frame.kind, "echo");
        assert_eq!(frame.id.as_deref(), Some("1"));
        assert_eq!(frame.content.unwrap().get(), r#""h\u00e9 \"x\"""#);
    }

    #[test]
    fn what_is_no_frame_says_why() {
        let deep = format!(
            r#"{{"type":"echo","content":{}}}"#,
            "[".repeat(40) + &"]".repeat(40)
        );
        let long = format!(r#"{{"type":"echo","id":"{}"}}"#, "x".repeat(65));
        for (text, code) in [
            ("", ErrorCode::BadJson),
            ("[\"echo\"]", ErrorCode::BadJson),
            ("\"echo\"", ErrorCode::BadJson),
            ("{\"type\":\"echo\"", ErrorCode::BadJson),
            ("{\"type\":\"echo\"} x", ErrorCode::BadJson),
            ("{}", ErrorCode::BadMessage),
            ("{\"type\":7}", ErrorCode::BadMessage),
            ("{\"type\":\"read\",\"n\":-1}", ErrorCode::BadMessage),
            (&deep, ErrorCode::BadJson),
            (&long, ErrorCode::BadMessage),
        ] {
            assert_eq!(ClientFrame::parse(text).unwrap_err(), code, "{text}");
        }
    }
}
