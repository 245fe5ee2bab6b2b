//! Notifications, which the notify service sends.

use crate::{core::Core, message::Body};
use fanfare_bus::RequestError;
use fanfare_http::Problem;
use fanfare_proto::{
    ErrorCode, subject,
    wire::{NotifyReply, NotifyRequest, Reply},
};
use fanfare_service::problem;
use prost::Message as _;
use serde_json::json;
use std::time::Duration;

/// Longest that the notify service may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Characters of a message that its notification shows.
const EXCERPT_CHARS: usize = 200;

/// Notifies `user` that message `n` of `room` names him; once, however often it is asked for.
pub(crate) async fn of_mention(
    core: &Core,
    room: &str,
    n: u64,
    body: &Body,
    user: &str,
) -> Result<(), Problem> {
    let sender = if body.name.is_empty() {
        &body.user
    } else {
        &body.name
    };
    let excerpt: String = body.content.chars().take(EXCERPT_CHARS).collect();
    let notification = json!({
        "to": {"users": [user]},
        "title": format!("@{sender}"),
        "content": excerpt,
        "msg_type": "mention",
        "link_type": "room",
        "link_id": room,
        "actor": {"id": body.user, "name": sender},
        "thread_key": format!("room:{room}"),
        "data": {"room": room, "n": n},
    });
    let request = NotifyRequest {
        by: "chat".to_owned(),
        idempotency_key: format!("mention/{room}/{n}/{user}"),
        notification: notification.to_string().into(),
    };
    let answer = core.handles.bus.request(
        subject::NOTIFY_NOTIFICATION,
        request.encode_to_vec().into(),
        ANSWER,
    );
    let bytes = answer.await.map_err(|error| match error {
        RequestError::NoResponders | RequestError::Unavailable => problem::unavailable(),
        RequestError::Timeout => Problem::new(ErrorCode::Timeout, "notify did not answer"),
    })?;
    match Reply::read::<NotifyReply>(&bytes) {
        Ok(_reply) => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}
