//! `publish` to a topic, or of a message to a room → `published` with its ordinal and cursor.

use super::published;
use crate::{
    call::{Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{
    Channel, ErrorCode, Kind,
    client::ClientFrame,
    json, subject,
    wire::{MessageRequest, PublishRequest},
};
use prost::Message as _;
use serde_json::value::RawValue;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let (subject, payload) = match channel.kind() {
        Kind::Topic => (
            subject::NOTIFY_PUBLISH,
            publication(session, frame, &channel)?.encode_to_vec(),
        ),
        Kind::Room => (
            subject::CHAT_MESSAGE,
            message(session, frame, &channel)?.encode_to_vec(),
        ),
        Kind::User | Kind::Group | Kind::All | Kind::System => {
            return Err(ErrorCode::Forbidden.into());
        }
    };
    let call = Call::Request(Request {
        id: frame.id.clone(),
        subject: subject.to_owned(),
        payload: payload.into(),
        page_of: None,
        on_timeout: ErrorCode::Timeout,
        answer: published::answer,
    });
    session.call(call, turn)
}

fn publication(
    session: &Session,
    frame: &ClientFrame<'_>,
    channel: &Channel,
) -> Result<PublishRequest, Refusal> {
    let may_write = session
        .identity()
        .is_some_and(|identity| identity.may_write(channel));
    if !may_write {
        return Err(ErrorCode::Forbidden.into());
    }
    let data = frame.data.or(frame.content).ok_or_else(missing)?;
    Ok(PublishRequest {
        caller: session.caller(),
        channel: channel.name().to_owned(),
        data: data.get().to_owned().into(),
        client_id: super::client_id(frame)?,
    })
}

/// Whether the room takes it, and what becomes of it, is the chat service's to say.
fn message(
    session: &Session,
    frame: &ClientFrame<'_>,
    channel: &Channel,
) -> Result<MessageRequest, Refusal> {
    if frame.content.is_none() && frame.data.is_none() {
        return Err(missing());
    }
    if frame.content.is_some() {
        super::text(frame)?;
    }
    if frame.data.is_some_and(|data| !json::is_object(data.get())) {
        let words = "data of a message is an object";
        return Err(Refusal::new(ErrorCode::BadMessage, words));
    }
    let bytes = |value: Option<&RawValue>| value.map(|value| value.get().to_owned().into());
    Ok(MessageRequest {
        caller: session.caller(),
        channel: channel.name().to_owned(),
        content: bytes(frame.content).unwrap_or_default(),
        data: bytes(frame.data).unwrap_or_default(),
        client_id: super::client_id(frame)?,
    })
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::BadMessage, "content or data is missing")
}
