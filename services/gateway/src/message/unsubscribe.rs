//! `unsubscribe` → `unsubscribed`, and nothing of the channel any more.

use crate::session::{Effect, Refusal, Session, Turn};
use fanfare_proto::client::ClientFrame;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    if !session.remove_channel(&channel) {
        return Err(super::not_subscribed());
    }
    let answer = super::unsubscribed(frame.id.as_deref(), &channel, turn.now);
    turn.effects.push(Effect::Leave(channel));
    turn.send(answer);
    Ok(())
}
