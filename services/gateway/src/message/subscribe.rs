//! `subscribe` → `subscribed`, what was missed since the cursor, then live.

use crate::{
    call::Call,
    session::{Effect, Refusal, Session, Turn},
};
use fanfare_proto::{ErrorCode, client::ClientFrame};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let since = frame
        .since
        .map(|since| serde_json::from_str::<String>(since.get()))
        .transpose()
        .map_err(|_shape| Refusal::new(ErrorCode::BadMessage, "since of subscribe is a cursor"))?;
    let presence = frame.presence.unwrap_or(false);
    if presence {
        super::has_presence(&channel)?;
    }
    let ask = super::must_ask(session, &channel)?;
    session.has_room()?;
    let added = session.add_channel(&channel)?;
    if !added {
        // Subscribing again begins anew from the cursor.
        turn.effects.push(Effect::Leave(channel.clone()));
    }
    let call = Call::Subscribe {
        id: frame.id.clone(),
        channel,
        since,
        presence,
        ask,
    };
    session.call(call, turn)
}
