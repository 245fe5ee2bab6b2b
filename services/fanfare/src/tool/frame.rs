//! A frame from the server, as far as a tool needs it. Whatever a publisher sent stays text: JSON may hold numbers and
//! strings that no parsed value can.

mod room;

use crate::output;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is read of a frame. A field that is not there, or a text that is no object, is nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What is read of a frame's data.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    node: Option<&'a RawValue>,
    #[serde(borrow)]
    unread: Option<&'a RawValue>,
    #[serde(borrow)]
    retry_after_ms: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Reads as much as there is.
    pub(super) fn read(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The channel and the cursor to come back with.
    pub(super) fn place(&self) -> Option<(String, String)> {
        Some((string(self.channel)?, string(self.cursor)?))
    }

    /// Whether it is an entry of a channel's log.
    pub(super) fn is_publication(&self) -> bool {
        let n = self.n.map(|n| serde_json::from_str::<u64>(n.get()));
        matches!(n, Some(Ok(_))) && string(self.cursor).is_some()
    }

    /// How long a server that says goodbye wants to be left alone.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        if string(self.kind)? != "disconnect" {
            return None;
        }
        serde_json::from_str(self.data().retry_after_ms?.get()).ok()
    }

    /// The frame for people, on one line; `None` for what only machines need.
    pub(super) fn line(&self) -> Option<String> {
        let data = self.data();
        let channel = shown(self.channel);
        let place = || format!("{channel} #{}", shown(self.n));
        let said = match string(self.kind)?.as_str() {
            "welcome" => format!("connected as {} to {}", shown(self.user), shown(data.node)),
            "subscribed" => format!("listening to {channel}"),
            "notification" => format!(
                "{}  {}  {}",
                place(),
                shown(data.title),
                shown(data.content)
            ),
            "unsubscribed" => format!("no longer listening to {channel}"),
            "publication" | "retracted" => {
                format!("{}  {}", place(), self.data.map_or("", RawValue::get))
            }
            "reset" => format!("{channel}: history was lost ({})", shown(data.reason)),
            "error" => format!("error {}: {}", shown(self.code), shown(self.message)),
            "counts" => format!("{} unread", shown(data.unread)),
            "disconnect" => format!("the server says goodbye: {}", shown(data.reason)),
            kind => room::said(kind, &place(), &channel, self.data)?,
        };
        let time = string(self.timestamp).unwrap_or_default();
        let time = time.get(11..19).unwrap_or_default();
        let line = format!("{time}  {said}");
        Some(output::visible(line.trim_end()).into_owned())
    }

    fn data(&self) -> Data<'a> {
        self.data
            .and_then(|data| serde_json::from_str(data.get()).ok())
            .unwrap_or_default()
    }
}

fn string(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// A string's characters, where it has any that can be held; else the JSON itself.
fn shown(value: Option<&RawValue>) -> String {
    string(value).unwrap_or_else(|| value.map_or("", RawValue::get).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<String> {
        Frame::read(text).line()
    }

    #[test]
    fn frames_become_lines() {
        let frame = r#"{"type": "notification", "timestamp": "2026-01-02T03:04:05.678Z", "channel": "user:7",
            "n": 3, "data": {"title": "Hello", "content": "you"}}"#;
        assert_eq!(line(frame).unwrap(), "03:04:05  user:7 #3  Hello  you");
        assert_eq!(line(r#"{"type": "pong"}"#), None);
        assert_eq!(line("no JSON"), None);
    }

    #[test]
    fn data_that_no_value_can_hold_is_shown_and_its_place_known() {
        for data in [
            r#""\ud800""#,
            "1e9999",
            r#"{"title": "\ud800", "x": [1e9999]}"#,
        ] {
            let text = format!(
                r#"{{"type":"publication","channel":"topic:x","n":7,"cursor":"a.1.7","data":{data}}}"#
            );
            let frame = Frame::read(&text);
            assert_eq!(frame.line().unwrap(), format!("  topic:x #7  {data}"));
            assert_eq!(frame.place().unwrap(), ("topic:x".into(), "a.1.7".into()));
            assert!(frame.is_publication());
        }
    }

    #[test]
    fn a_title_cannot_steer_the_terminal() {
        let frame =
            r#"{"type":"notification","channel":"all","n":1,"data":{"title":"\u001b[2Jx\ny"}}"#;
        assert_eq!(line(frame).unwrap(), r"  all #1  \u{1b}[2Jx\ny");
    }

    #[test]
    fn a_goodbye_says_how_long_to_stay_away() {
        let frame = r#"{"type":"disconnect","data":{"reason":"restart","retry_after_ms":1500}}"#;
        assert_eq!(Frame::read(frame).retry_after_ms(), Some(1_500));
    }
}
