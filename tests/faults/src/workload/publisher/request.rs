//! What a publisher asks for.

use crate::{
    history::{Change, Channel, Id},
    random::Random,
    workload::persona::{BULK, Channels, Plan},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Bytes of a large publication: some dozens of them fill the queue of a client that does not read.
const BULK_BYTES: usize = 16 * 1024;

/// One request.
pub(super) struct Request {
    /// Its `Idempotency-Key`.
    pub(super) key: Id,
    /// What the entries are told apart by that it makes.
    pub(super) id: Id,
    pub(super) door: Door,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
    /// Whether it is sent again until it is answered.
    pub(super) is_patient: bool,
}

/// Who answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Notify,
    Chat,
}

impl Request {
    /// Something that no room gets.
    pub(super) fn draw(id: Id, plan: &Plan, random: &mut Random) -> Self {
        let Channels {
            users,
            groups,
            topics,
            ..
        } = &plan.channels;
        if !random.chance(plan.wide_percent) {
            let to = match random.below(4) {
                // One request, three appends.
                0 => {
                    json!({"users": [random.pick(users), random.pick(users)], "groups": [random.pick(groups)]})
                }
                _ => json!({"users": [random.pick(users)]}),
            };
            return Self::notification(id, &to);
        }
        let topic = (!topics.is_empty()).then(|| random.pick(topics));
        let to = match (random.below(6), topic) {
            (0..=2, Some(topic)) => return Self::publication(id, topic),
            (3, Some(topic)) => json!({"topics": [topic]}),
            (4, _) => json!({"all": true}),
            _ => json!({"groups": [random.pick(groups)]}),
        };
        Self::notification(id, &to)
    }

    /// The one that makes an entry in `channel`, whatever its kind.
    pub(super) fn to(channel: &str, id: Id) -> Self {
        let to = match channel.split_once(':') {
            Some(("room", room)) => return Self::message(room, id, None),
            Some(("user", id)) => json!({"users": [id]}),
            Some(("group", id)) => json!({"groups": [id]}),
            Some(("topic", id)) => json!({"topics": [id]}),
            _ => json!({"all": true}),
        };
        Self::notification(id, &to)
    }

    fn notification(id: Id, to: &Value) -> Self {
        let body = json!({"to": to, "title": &*id});
        Self::post(Door::Notify, "/v1/notifications", id, body)
    }

    /// Live data.
    fn publication(id: Id, topic: &str) -> Self {
        let fill = if topic == BULK {
            "x".repeat(BULK_BYTES)
        } else {
            String::new()
        };
        let data = json!({"title": &*id, "fill": fill});
        let body = json!({"channel": format!("topic:{topic}"), "data": data});
        Self::post(Door::Notify, "/v1/publish", id, body)
    }

    pub(super) fn message(room: &str, content: Id, mentions: Option<&str>) -> Self {
        let mut body = json!({"content": &*content});
        if let Some(user) = mentions {
            body["mentions"] = json!([user]);
        }
        let path = format!("/v1/rooms/{room}/messages");
        Self::post(Door::Chat, &path, content, body)
    }

    /// The one that changes message `n` of `room`.
    pub(super) fn change(room: &Channel, n: u64, change: &Change, key: Id) -> Self {
        let room = room.trim_start_matches("room:");
        let message = format!("/v1/rooms/{room}/messages/{n}");
        let (method, path, body) = match change {
            Change::Edit(content) => (Method::PATCH, message, json!({"content": &**content})),
            Change::Delete => (Method::DELETE, message, json!({})),
            Change::React(emoji) => (
                Method::PUT,
                format!("{message}/reactions/{emoji}"),
                json!({}),
            ),
        };
        Self {
            key,
            id: change.id(n),
            door: Door::Chat,
            method,
            path,
            body,
            is_patient: true,
        }
    }

    fn post(door: Door, path: &str, id: Id, body: Value) -> Self {
        Self {
            key: Id::clone(&id),
            id,
            door,
            method: Method::POST,
            path: path.to_owned(),
            body,
            is_patient: true,
        }
    }
}
