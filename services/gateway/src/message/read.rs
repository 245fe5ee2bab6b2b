//! `read` → everything of the channel up to `n` is read; answers with the new counts.

use crate::{
    call::{Answered, Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{
    ErrorCode, Kind,
    client::ClientFrame,
    server::ServerFrame,
    subject,
    wire::{ReadReply, ReadRequest},
};
use prost::Message as _;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let n = super::n(frame)?;
    let may_read = session
        .identity()
        .is_some_and(|identity| identity.may_read(&channel));
    let subject = match channel.kind() {
        // The chat service decides.
        Kind::Room => subject::CHAT_READ,
        Kind::User | Kind::Group | Kind::All if may_read => subject::NOTIFY_READ,
        Kind::User | Kind::Group | Kind::All | Kind::Topic | Kind::System => {
            return Err(ErrorCode::Forbidden.into());
        }
    };
    let request = ReadRequest {
        caller: session.caller(),
        channel: channel.name().to_owned(),
        n,
    };
    let call = Call::Request(Request {
        id: frame.id.clone(),
        subject: subject.to_owned(),
        payload: request.encode_to_vec().into(),
        page_of: None,
        on_timeout: ErrorCode::Timeout,
        answer,
    });
    session.call(call, turn)
}

fn answer(answered: &Answered<'_>) -> Result<Vec<u8>, Refusal> {
    let reply: ReadReply = answered.read()?;
    let frame = ServerFrame {
        id: answered.id,
        data: answered.json(&reply.data)?,
        ..ServerFrame::new("read_response", answered.timestamp)
    };
    Ok(frame.encode())
}
