//! `react` → an emoji is put to a message of a room, or taken from it; `published` of the entry that says so.

use super::change;
use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    client::ClientFrame,
    wire::{Reaction, change_request::Change},
};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let reaction = Reaction {
        emoji: super::text(frame)?,
        on: super::on(frame)?,
    };
    change::ask(session, frame, Change::React(reaction), turn)
}
