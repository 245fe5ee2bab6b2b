//! `typing` → no answer; the room's others are told.

use crate::{
    call::Call,
    session::{Refusal, Session, Turn},
};
use fanfare_proto::client::ClientFrame;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::room(frame)?;
    let on = super::on(frame)?;
    if !session.has_channel(&channel) {
        return Err(super::not_subscribed());
    }
    session.has_room()?;
    if !session.admits_typing(&channel, on, turn.now) {
        return Ok(());
    }
    let call = Call::Typing {
        id: frame.id.clone(),
        channel,
        on,
    };
    session.call(call, turn)
}
