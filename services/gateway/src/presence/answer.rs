//! What clients are told of who is present.

use super::view::{Person, Step, View};
use fanfare_proto::{Channel, Timestamp, server::ServerFrame};
use serde::Serialize;

/// The `data` of `presence_response`, and of `presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    count: u64,
    /// Everybody; left out when there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Person>>,
    /// Not all gateways have told: there may be more.
    #[serde(skip_serializing_if = "is_false")]
    at_least: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Answer {
    pub(super) fn of(view: &View, at_least: bool) -> Self {
        Self {
            count: view.count(),
            users: view.people(),
            at_least,
        }
    }

    pub(super) fn frame(
        &self,
        kind: &str,
        id: Option<&str>,
        channel: &Channel,
        timestamp: Timestamp,
    ) -> Vec<u8> {
        ServerFrame {
            id,
            channel: Some(channel.name()),
            data: Some(self),
            ..ServerFrame::new(kind, timestamp)
        }
        .encode()
    }
}

impl Step {
    pub(super) fn frame(&self, channel: &Channel, timestamp: Timestamp) -> Vec<u8> {
        let (kind, person) = match self {
            Self::Joined(person) => ("joined", person),
            Self::Left(person) => ("left", person),
        };
        ServerFrame {
            channel: Some(channel.name()),
            data: Some(person),
            ..ServerFrame::new(kind, timestamp)
        }
        .encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_written_down() {
        let room = Channel::parse("room:a").unwrap();
        let timestamp = Timestamp::from_ms(0);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let joined = Step::Joined(Person::new("7", "Ann"));
        assert_eq!(
            text(joined.frame(&room, timestamp)),
            r#"{"type":"joined","timestamp":"1970-01-01T00:00:00.000Z","data":{"user":"7","name":"Ann"},"channel":"room:a"}"#
        );
        let left = Step::Left(Person::new("7", ""));
        assert_eq!(
            text(left.frame(&room, timestamp)),
            r#"{"type":"left","timestamp":"1970-01-01T00:00:00.000Z","data":{"user":"7"},"channel":"room:a"}"#
        );
        let mut answer = Answer {
            count: 1,
            users: Some(vec![Person::new("7", "")]),
            at_least: false,
        };
        assert_eq!(
            text(answer.frame("presence_response", Some("1"), &room, timestamp)),
            r#"{"type":"presence_response","id":"1","timestamp":"1970-01-01T00:00:00.000Z","data":{"count":1,"users":[{"user":"7"}]},"channel":"room:a"}"#
        );
        answer.users = None;
        answer.at_least = true;
        assert_eq!(
            text(answer.frame("presence", None, &room, timestamp)),
            r#"{"type":"presence","timestamp":"1970-01-01T00:00:00.000Z","data":{"count":1,"at_least":true},"channel":"room:a"}"#
        );
    }
}
