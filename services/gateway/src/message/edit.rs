//! `edit` → a message of a room has other words; `published` of the entry that says so.

use super::change;
use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{client::ClientFrame, wire::change_request::Change};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    change::ask(session, frame, Change::Edit(super::text(frame)?), turn)
}
