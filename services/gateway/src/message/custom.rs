//! `custom` → what was sent, or, with a `name`, the answer of whoever serves that name on the bus.

use crate::{
    call::{Answered, Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{
    ErrorCode,
    client::ClientFrame,
    limits,
    server::{Line, ServerFrame},
    subject,
    text::Phrase,
    wire::{CustomReply, CustomRequest},
};
use prost::Message as _;
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let Some(name) = frame.name.as_deref() else {
        let answer = ServerFrame {
            id: frame.id.as_deref(),
            message: Some(Line::Text(session.words(Phrase::Custom))),
            user: session.user(),
            data: Some(Sent {
                content: frame.content,
                data: frame.data,
            }),
            ..ServerFrame::new("custom_response", turn.now.timestamp())
        };
        turn.send(answer.encode());
        return Ok(());
    };
    if name.is_empty() || name.len() > limits::CUSTOM_NAME_BYTES {
        return Err(Refusal::new(ErrorCode::BadMessage, "name is 1 to 64 bytes"));
    }
    let bytes = |value: Option<&RawValue>| value.map(|value| value.get().to_owned().into());
    let request = CustomRequest {
        caller: session.caller(),
        name: name.to_owned(),
        content: bytes(frame.content).unwrap_or_default(),
        data: bytes(frame.data).unwrap_or_default(),
    };
    let call = Call::Request(Request {
        id: frame.id.clone(),
        subject: subject::custom(name),
        payload: request.encode_to_vec().into(),
        page_of: None,
        on_timeout: ErrorCode::Unavailable,
        answer,
    });
    session.call(call, turn)
}

fn answer(answered: &Answered<'_>) -> Result<Vec<u8>, Refusal> {
    let reply: CustomReply = answered.read()?;
    let data = answered.json(&reply.data)?;
    let frame = ServerFrame {
        id: answered.id,
        message: (!reply.message.is_empty()).then_some(Line::Text(&reply.message)),
        data,
        ..ServerFrame::new("custom_response", answered.timestamp)
    };
    Ok(frame.encode())
}
