//! From a log entry or an event to the text of the frame its readers get. Done once per node and entry.

use crate::{
    Channel, Cursor, Timestamp,
    wire::{Entry, EntryType, Event},
};
use serde::Serialize;
use std::io::Write;

/// The frame of a stored entry.
///
/// The entry's body goes in as it is: whoever appended it has checked that it is JSON of the shape its type names.
#[must_use]
pub fn entry_frame(entry: &Entry, channel: &Channel, cursor: Cursor) -> Vec<u8> {
    item_frame(entry, channel, cursor.position.n, Some(cursor))
}

/// The same for the entry with ordinal `n`; without a cursor when its place in the log is gone.
#[must_use]
pub fn item_frame(entry: &Entry, channel: &Channel, n: u64, cursor: Option<Cursor>) -> Vec<u8> {
    let kind = match entry.r#type() {
        EntryType::Notification => "notification",
        EntryType::Message => "message",
        EntryType::Retraction => "retracted",
        EntryType::Edit => "edited",
        EntryType::Deletion => "deleted",
        EntryType::Reaction => "reaction",
        EntryType::Room => "room",
        EntryType::Publication | EntryType::Unspecified => "publication",
    };
    let head = Head {
        kind,
        message: &entry.message,
        user: &entry.user,
        timestamp: Timestamp::from_ms(entry.created_at_ms),
        channel: channel.name(),
        n,
        cursor,
    };
    let mut out = head.open(entry.body.len());
    match entry.r#type() {
        EntryType::Notification | EntryType::Message => {
            splice_n(&mut out, &entry.body, n);
        }
        EntryType::Publication
        | EntryType::Retraction
        | EntryType::Edit
        | EntryType::Deletion
        | EntryType::Reaction
        | EntryType::Room
        | EntryType::Unspecified => {
            out.extend_from_slice(if entry.body.is_empty() {
                b"null"
            } else {
                &entry.body
            });
        }
    }
    out.push(b'}');
    out
}

/// The object of `data` of one history item or inbox item: the stored body with `n` put in front.
#[must_use]
pub fn item(entry: &Entry, n: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(entry.body.len() + 32);
    splice_n(&mut out, &entry.body, n);
    out
}

/// The frame of an event, which nobody stores.
#[must_use]
pub fn event_frame(event: &Event) -> Vec<u8> {
    let head = Head {
        kind: &event.r#type,
        message: &event.message,
        user: &event.user,
        timestamp: Timestamp::from_ms(event.created_at_ms),
        channel: &event.channel,
        n: 0,
        cursor: None,
    };
    let mut out = head.open(event.data.len());
    out.extend_from_slice(if event.data.is_empty() {
        b"null"
    } else {
        &event.data
    });
    out.push(b'}');
    out
}

#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    timestamp: Timestamp,
    channel: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Head<'_> {
    /// The frame up to where the value of `data` begins.
    fn open(&self, body_bytes: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(body_bytes + 256);
        // Writing to a Vec cannot fail, and no field is a map.
        drop(serde_json::to_writer(&mut out, self));
        out.pop();
        out.extend_from_slice(b",\"data\":");
        out
    }
}

fn splice_n(out: &mut Vec<u8>, object: &[u8], n: u64) {
    // Writing to a Vec cannot fail.
    drop(write!(out, "{{\"n\":{n}"));
    match object {
        [] | b"{}" => out.push(b'}'),
        [_brace, rest @ ..] => {
            out.push(b',');
            out.extend_from_slice(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    fn entry(kind: EntryType, body: &'static str) -> Entry {
        Entry {
            r#type: kind.into(),
            id: "x".into(),
            body: body.as_bytes().into(),
            message: "hello \"you\"".into(),
            ..Entry::default()
        }
    }

    fn frame(kind: EntryType, body: &'static str) -> String {
        let cursor = Cursor {
            epoch: 1,
            position: Position { seq: 9, n: 3 },
        };
        let channel = Channel::parse("user:7").unwrap();
        String::from_utf8(entry_frame(&entry(kind, body), &channel, cursor)).unwrap()
    }

    #[test]
    fn a_notification_gets_its_ordinal_inside_data_too() {
        assert_eq!(
            frame(EntryType::Notification, r#"{"id":"x","title":"t"}"#),
            r#"{"type":"notification","message":"hello \"you\"","timestamp":"1970-01-01T00:00:00.000Z","channel":"user:7","n":3,"cursor":"00000001.9.3","data":{"n":3,"id":"x","title":"t"}}"#
        );
    }

    #[test]
    fn a_publication_keeps_any_json() {
        assert!(frame(EntryType::Publication, "[1,2]").ends_with(r#""data":[1,2]}"#));
        assert!(frame(EntryType::Publication, "").ends_with(r#""data":null}"#));
    }

    #[test]
    fn an_event_has_neither_ordinal_nor_cursor() {
        let event = Event {
            channel: "user:7".into(),
            r#type: "counts".into(),
            data: b"{\"unread\":1}".as_slice().into(),
            ..Event::default()
        };
        assert_eq!(
            String::from_utf8(event_frame(&event)).unwrap(),
            r#"{"type":"counts","timestamp":"1970-01-01T00:00:00.000Z","channel":"user:7","data":{"unread":1}}"#
        );
    }
}
