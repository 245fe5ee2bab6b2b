//! What `edit`, `delete` and `react` have in common: a message of a room changes, if the chat service allows it.

use super::published;
use crate::{
    call::{Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{
    ErrorCode,
    client::ClientFrame,
    subject,
    wire::{ChangeRequest, change_request::Change},
};
use prost::Message as _;

/// Asks for `change` of the message that `frame` names.
pub(super) fn ask(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    change: Change,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let request = ChangeRequest {
        caller: session.caller(),
        channel: super::room(frame)?.name().to_owned(),
        n: super::n(frame)?,
        change: Some(change),
        client_id: super::client_id(frame)?,
    };
    let call = Call::Request(Request {
        id: frame.id.clone(),
        subject: subject::CHAT_CHANGE.to_owned(),
        payload: request.encode_to_vec().into(),
        page_of: None,
        on_timeout: ErrorCode::Timeout,
        answer: published::answer,
    });
    session.call(call, turn)
}
