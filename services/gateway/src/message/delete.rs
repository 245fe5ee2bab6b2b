//! `delete` → a message of a room is taken back; `published` of the entry that says so.

use super::change;
use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    client::ClientFrame,
    wire::{Deletion, change_request::Change},
};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    change::ask(session, frame, Change::Delete(Deletion {}), turn)
}
