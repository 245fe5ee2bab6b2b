//! `history` → a page of a channel's log.

use crate::{
    call::Call,
    session::{Refusal, Session, Turn},
};
use fanfare_bus::log::Slice;
use fanfare_proto::{ErrorCode, client::ClientFrame, limits};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let slice = match (frame.before, frame.after) {
        (None, None) => Slice::Latest,
        (Some(before), None) => Slice::Before(before),
        (None, Some(after)) => Slice::After(after),
        (Some(_), Some(_)) => {
            return Err(Refusal::new(
                ErrorCode::BadMessage,
                "before or after, not both",
            ));
        }
    };
    let limit = match frame.limit.map(usize::try_from) {
        None => limits::HISTORY_ITEMS_DEFAULT,
        Some(Ok(limit)) if (1..=limits::HISTORY_ITEMS).contains(&limit) => limit,
        Some(_) => return Err(Refusal::new(ErrorCode::BadMessage, "limit is 1 to 200")),
    };
    if !channel.is_stored() {
        return Err(ErrorCode::Forbidden.into());
    }
    let ask = super::must_ask(session, &channel)?;
    let call = Call::History {
        id: frame.id.clone(),
        channel,
        slice,
        limit,
        ask,
    };
    session.call(call, turn)
}
