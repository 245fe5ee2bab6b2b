//! `subscribe` → `subscribed`, what was missed since the cursor, then live.

use crate::{
    call::Call,
    session::{Effect, Refusal, Session, Turn},
};
use fanfare_proto::{ErrorCode, Kind, client::ClientFrame};

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
    let may_read = session
        .identity()
        .is_some_and(|identity| identity.may_read(&channel));
    let ask = !may_read && channel.kind() == Kind::Room;
    if !may_read && !ask {
        return Err(ErrorCode::Forbidden.into());
    }
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
        ask,
    };
    session.call(call, turn)
}
