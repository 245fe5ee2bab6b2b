//! `presence` → who is present in a channel, by all gateways.

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
    let channel = super::channel(frame)?;
    super::has_presence(&channel)?;
    let ask = super::must_ask(session, &channel)?;
    let call = Call::Presence {
        id: frame.id.clone(),
        channel,
        ask,
    };
    session.call(call, turn)
}
