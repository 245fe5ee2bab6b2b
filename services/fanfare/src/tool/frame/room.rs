//! What happens in rooms, for people.

use super::shown;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// An object's fields, whatever they are.
#[derive(Default, Deserialize)]
struct Fields<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    /// What is no object has no fields.
    fn read(value: Option<&'a RawValue>) -> Self {
        value
            .and_then(|value| serde_json::from_str(value.get()).ok())
            .unwrap_or_default()
    }

    fn value(&self, name: &str) -> Option<&'a RawValue> {
        let value = self.0.get(name).copied();
        value.filter(|value| value.get() != "null")
    }

    /// The field, or nothing.
    fn text(&self, name: &str) -> String {
        shown(self.value(name))
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn is(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.get() == "true")
    }

    fn list(&self, name: &str) -> Vec<Self> {
        let values: Vec<&RawValue> = self
            .value(name)
            .and_then(|values| serde_json::from_str(values.get()).ok())
            .unwrap_or_default();
        let values = values.into_iter();
        values.map(|value| Self::read(Some(value))).collect()
    }

    /// A user, by his name if there is one.
    fn person(&self) -> String {
        self.text(if self.has("name") { "name" } else { "user" })
    }

    /// A number of something, unless there is none of it.
    fn count(&self, name: &str) -> Option<String> {
        let count = self.text(name);
        (!count.is_empty() && count != "0").then(|| format!("{count} {name}"))
    }
}

/// What a frame of this kind says; `None` when it is not about a room. `entry` names the entry, `channel` the room.
pub(super) fn said(
    kind: &str,
    entry: &str,
    channel: &str,
    data: Option<&RawValue>,
) -> Option<String> {
    let data = Fields::read(data);
    Some(match kind {
        "message" => format!("{entry}  {}", message(&data)),
        "edited" => format!(
            "{entry}  #{} now says: {}",
            data.text("n"),
            data.text("content")
        ),
        "deleted" => format!(
            "{entry}  #{} was deleted by {}",
            data.text("n"),
            data.text("by")
        ),
        "reaction" => {
            let verb = if data.is("on") { "puts" } else { "takes back" };
            let (user, emoji, n) = (data.text("user"), data.text("emoji"), data.text("n"));
            format!("{entry}  {user} {verb} {emoji} on #{n}")
        }
        "room" => format!("{entry}  {}", change(&data)),
        "typing" => {
            let verb = if data.is("on") {
                "types"
            } else {
                "stops typing"
            };
            format!("{channel}  {} {verb}", data.person())
        }
        "joined" => format!("{channel}  {} is here", data.person()),
        "left" => format!("{channel}  {} is gone", data.person()),
        "presence" => format!("{channel}  {} are here", data.text("count")),
        "rooms" => rooms(&data),
        "room_counts" => format!("{}  {}", data.text("channel"), counts(&data)),
        "room_membership" => {
            let (change, role) = (data.text("change"), data.text("role"));
            format!("{}  you: {change} {role}", data.text("channel"))
        }
        _ => return None,
    })
}

fn message(data: &Fields<'_>) -> String {
    let mut line = data.person();
    if data.has("reply_to") {
        line += &format!(" to #{}", data.text("reply_to"));
    }
    if data.has("thread") {
        line += &format!(" in the thread of #{}", data.text("thread"));
    }
    line += &format!(": {}", data.text("content"));
    for attachment in data.list("attachments") {
        line += &format!(" [{}]", attachment.text("url"));
    }
    line
}

/// What has become of a room or one of its members.
fn change(data: &Fields<'_>) -> String {
    let what = data.text("change");
    let mut line = match what.as_str() {
        "renamed" => format!("renamed to {}", data.text("name")),
        "slow_mode" => format!("slow mode: {} s", data.text("seconds")),
        _ if data.has("user") => format!("{} {what} {}", data.person(), data.text("role")),
        _ => what,
    };
    line.truncate(line.trim_end().len());
    if data.has("by") && data.text("by") != data.text("user") {
        line += &format!(", by {}", data.text("by"));
    }
    line
}

/// The rooms of one frame.
fn rooms(data: &Fields<'_>) -> String {
    let rooms = data.list("rooms");
    if rooms.is_empty() {
        return "no rooms".to_owned();
    }
    let shown = rooms.iter().map(|room| {
        let (channel, name) = (room.text("channel"), room.text("name"));
        format!("{channel} {name} ({})", counts(room))
    });
    let more = if data.is("more") { ", and more" } else { "" };
    format!("rooms: {}{more}", shown.collect::<Vec<_>>().join(", "))
}

fn counts(data: &Fields<'_>) -> String {
    let counts = ["unread", "mentions"];
    let some: Vec<String> = counts.iter().filter_map(|name| data.count(name)).collect();
    if some.is_empty() {
        return "all read".to_owned();
    }
    some.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::tool::frame::Frame;
    use serde_json::{Value, json};

    fn line(mut frame: Value) -> String {
        frame["timestamp"] = json!("2026-01-02T03:04:05.678Z");
        frame["channel"] = json!("room:a");
        frame["n"] = json!(9);
        let line = Frame::read(&frame.to_string()).line();
        let line = line.unwrap_or_else(|| panic!("no line for {frame}"));
        line.strip_prefix("03:04:05  ").unwrap().to_owned()
    }

    #[test]
    fn what_happens_in_a_room_becomes_lines() {
        for (kind, data, expected) in [
            (
                "message",
                json!({"n": 9, "user": "ann", "name": "Ann", "content": "hi\nyou"}),
                r"room:a #9  Ann: hi\nyou",
            ),
            (
                "message",
                json!({"user": "ann", "content": "see", "reply_to": 3, "attachments": [{"url": "https://x.example/a"}]}),
                "room:a #9  ann to #3: see [https://x.example/a]",
            ),
            (
                "edited",
                json!({"n": 5, "content": "hello"}),
                "room:a #9  #5 now says: hello",
            ),
            (
                "deleted",
                json!({"n": 5, "by": "bob"}),
                "room:a #9  #5 was deleted by bob",
            ),
            (
                "reaction",
                json!({"n": 5, "emoji": "👍", "user": "bob", "on": true}),
                "room:a #9  bob puts 👍 on #5",
            ),
            (
                "room",
                json!({"change": "renamed", "by": "bob", "name": "Lobby"}),
                "room:a #9  renamed to Lobby, by bob",
            ),
            (
                "room",
                json!({"change": "joined", "by": "ann", "user": "ann", "name": "Ann", "role": "member"}),
                "room:a #9  Ann joined member",
            ),
            (
                "room",
                json!({"change": "banned", "by": "bob", "user": "eve"}),
                "room:a #9  eve banned, by bob",
            ),
            (
                "room",
                json!({"change": "slow_mode", "by": "bob", "seconds": 30}),
                "room:a #9  slow mode: 30 s, by bob",
            ),
            (
                "typing",
                json!({"user": "ann", "name": "Ann", "on": true, "expires_in_ms": 6000}),
                "room:a  Ann types",
            ),
            (
                "typing",
                json!({"user": "ann", "on": false}),
                "room:a  ann stops typing",
            ),
            ("joined", json!({"user": "ann"}), "room:a  ann is here"),
            ("left", json!({"user": "ann"}), "room:a  ann is gone"),
            ("presence", json!({"count": 700}), "room:a  700 are here"),
            (
                "rooms",
                json!({"rooms": [
                    {"channel": "room:a", "name": "Lobby", "unread": 2, "mentions": 1},
                    {"channel": "room:b", "name": null, "unread": 0, "mentions": 0},
                ], "more": true}),
                "rooms: room:a Lobby (2 unread, 1 mentions), room:b  (all read), and more",
            ),
            ("rooms", json!({"rooms": [], "more": false}), "no rooms"),
            (
                "room_counts",
                json!({"channel": "room:b", "unread": 3, "mentions": 0}),
                "room:b  3 unread",
            ),
            (
                "room_membership",
                json!({"channel": "room:b", "change": "invited", "role": "member"}),
                "room:b  you: invited member",
            ),
            ("unsubscribed", json!(null), "no longer listening to room:a"),
        ] {
            let frame = json!({"type": kind, "data": data});
            assert_eq!(line(frame), expected);
        }
    }

    #[test]
    fn what_no_value_can_hold_is_shown_too() {
        let frame =
            r#"{"type":"message","channel":"room:a","n":1,"data":{"user":"a","content":"\ud800"}}"#;
        let line = Frame::read(frame).line().unwrap();
        assert_eq!(line, r#"  room:a #1  a: "\ud800""#);
    }
}
