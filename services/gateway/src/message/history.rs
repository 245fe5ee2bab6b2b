//! `history` → a page of a channel's log, or of a room's messages as they are now.

use crate::{
    call::{Answered, Call, Request},
    session::{Refusal, Session, Turn},
};
use fanfare_bus::log::Slice;
use fanfare_proto::{
    Channel, ErrorCode, Kind,
    client::ClientFrame,
    limits,
    server::ServerFrame,
    subject,
    wire::{HistoryReply, HistoryRequest},
};
use prost::Message as _;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let channel = super::channel(frame)?;
    let limit = match frame.limit.map(usize::try_from) {
        None => limits::HISTORY_ITEMS_DEFAULT,
        Some(Ok(limit)) if (1..=limits::HISTORY_ITEMS).contains(&limit) => limit,
        Some(_) => return Err(Refusal::new(ErrorCode::BadMessage, "limit is 1 to 200")),
    };
    let call = if channel.kind() == Kind::Room {
        of_room(session, frame, &channel, limit)?
    } else {
        let slice = slice(frame)?;
        super::may_read(session, &channel)?;
        if !channel.is_stored() {
            return Err(ErrorCode::Forbidden.into());
        }
        Call::History {
            id: frame.id.clone(),
            channel,
            slice,
            limit,
        }
    };
    session.call(call, turn)
}

fn slice(frame: &ClientFrame<'_>) -> Result<Slice, Refusal> {
    let refused = |words| Err(Refusal::new(ErrorCode::BadMessage, words));
    match (frame.before, frame.after, frame.around) {
        (_, _, Some(_)) => refused("only rooms have a history around a message"),
        (Some(_), Some(_), None) => refused("before or after, not both"),
        (None, None, None) => Ok(Slice::Latest),
        (Some(before), None, None) => Ok(Slice::Before(before)),
        (None, Some(after), None) => Ok(Slice::After(after)),
    }
}

/// The chat service decides, and knows what has become of each message.
fn of_room(
    session: &Session,
    frame: &ClientFrame<'_>,
    channel: &Channel,
    limit: usize,
) -> Result<Call, Refusal> {
    let named = [frame.before, frame.after, frame.around];
    if named.into_iter().flatten().count() > 1 {
        let words = "before, after or around, not several";
        return Err(Refusal::new(ErrorCode::BadMessage, words));
    }
    let request = HistoryRequest {
        caller: session.caller(),
        channel: channel.name().to_owned(),
        before: frame.before,
        after: frame.after,
        around: frame.around,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    Ok(Call::Request(Request {
        id: frame.id.clone(),
        subject: subject::CHAT_HISTORY.to_owned(),
        payload: request.encode_to_vec().into(),
        page_of: Some(channel.clone()),
        // Nothing has happened that asking again would repeat.
        on_timeout: ErrorCode::Unavailable,
        answer,
    }))
}

fn answer(answered: &Answered<'_>) -> Result<Vec<u8>, Refusal> {
    let reply: HistoryReply = answered.read()?;
    let frame = ServerFrame {
        id: answered.id,
        channel: answered.page_of.map(Channel::name),
        data: answered.json(&reply.data)?,
        ..ServerFrame::new("history_response", answered.timestamp)
    };
    Ok(frame.encode())
}
