//! `publish` to a topic → `published` with its ordinal and cursor.

use crate::{
    call::{Answered, Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{
    ErrorCode, Kind,
    client::ClientFrame,
    limits,
    server::ServerFrame,
    subject,
    wire::{PublishReply, PublishRequest},
};
use prost::Message as _;
use serde::Serialize;

#[derive(Serialize)]
struct Published<'a> {
    n: u64,
    cursor: &'a str,
}

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let may_write = session
        .identity()
        .is_some_and(|identity| identity.may_write(&channel));
    if channel.kind() != Kind::Topic || !may_write {
        return Err(ErrorCode::Forbidden.into());
    }
    let data = frame
        .data
        .or(frame.content)
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "content or data is missing"))?;
    let client_id = frame.client_id.clone().unwrap_or_default();
    if client_id.len() > limits::IDEMPOTENCY_KEY_BYTES {
        return Err(Refusal::new(
            ErrorCode::BadMessage,
            "client_id is at most 128 bytes",
        ));
    }
    let request = PublishRequest {
        caller: session.caller(),
        channel: channel.name().to_owned(),
        data: data.get().to_owned().into(),
        client_id,
    };
    let call = Call::Request(Request {
        id: frame.id.clone(),
        subject: subject::NOTIFY_PUBLISH.to_owned(),
        payload: request.encode_to_vec().into(),
        on_timeout: ErrorCode::Timeout,
        answer,
    });
    session.call(call, turn)
}

fn answer(answered: &Answered<'_>) -> Result<Vec<u8>, Refusal> {
    let reply: PublishReply = answered.read()?;
    let frame = ServerFrame {
        id: answered.id,
        data: Some(Published {
            n: reply.n,
            cursor: &reply.cursor,
        }),
        n: Some(reply.n),
        ..ServerFrame::new("published", answered.timestamp)
    };
    Ok(frame.encode())
}
