//! `system_info` → what this node is and how it fares.

use crate::{
    call::Call,
    session::{Refusal, Session, Turn},
};
use fanfare_proto::{client::ClientFrame, text::Phrase};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let call = Call::SystemInfo {
        id: frame.id.clone(),
        message: session.words(Phrase::SystemInfo),
    };
    session.call(call, turn)
}
