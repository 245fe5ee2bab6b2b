//! `ack` → no answer; recorded in the notification's delivery trail.

use crate::{
    call::Call,
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{ErrorCode, channel, client::ClientFrame, subject, wire::AckRequest};
use prost::Message as _;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let id = frame
        .id
        .as_deref()
        .filter(|id| channel::is_id(id))
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "id is that of the notification"))?;
    let request = AckRequest {
        caller: session.caller(),
        id: id.to_owned(),
        at_ms: turn.now.wall_ms,
    };
    let call = Call::Tell {
        subject: subject::NOTIFY_ACK.to_owned(),
        payload: request.encode_to_vec().into(),
    };
    session.call(call, turn)
}
