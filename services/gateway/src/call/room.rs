//! What the gateway itself asks of the chat service: who may read a room, and which rooms a user has.

use super::{Completion, fetch};
use crate::{
    client::Client,
    presence::Watch,
    session::{Refusal, RoomPage},
};
use fanfare_proto::{
    Channel, ErrorCode,
    server::ServerFrame,
    subject,
    wire::{RoomListReply, RoomListRequest, RoomRightsReply, RoomRightsRequest, TypingRequest},
};
use prost::Message as _;

/// Asks, when the token alone did not decide; answers how one who subscribes with presence watches the channel.
pub(super) async fn may_read(
    client: &Client,
    channel: &Channel,
    ask: bool,
) -> Result<Watch, Refusal> {
    if !ask {
        return Ok(Watch::Seen);
    }
    let request = RoomRightsRequest {
        caller: client.caller(),
        channel: channel.name().to_owned(),
    };
    let answered = fetch(&client.node, subject::CHAT_RIGHTS, &request).await?;
    match answered.read()? {
        RoomRightsReply { read: false, .. } => {
            // A stranger does not learn whether the room exists.
            Err(ErrorCode::Forbidden.into())
        }
        RoomRightsReply {
            invisible: true, ..
        } => Ok(Watch::Unseen),
        RoomRightsReply { .. } => Ok(Watch::Seen),
    }
}

/// A page of the user's rooms, once nothing waits for the client: of many rooms, the first pages must not make a good
/// reader look slow.
pub(super) async fn list(client: &Client, after: String) -> Completion {
    if client.drained().await.is_none() {
        // The connection is going.
        return Completion::Sent;
    }
    let request = RoomListRequest {
        caller: client.caller(),
        after,
    };
    Completion::Rooms(page(client, &request).await)
}

async fn page(client: &Client, request: &RoomListRequest) -> Result<RoomPage, Refusal> {
    let answered = fetch(&client.node, subject::CHAT_ROOMS, request).await?;
    let reply: RoomListReply = answered.read()?;
    let frame = ServerFrame {
        data: answered.json(&reply.data)?,
        ..ServerFrame::new("rooms", answered.timestamp)
    };
    let text = frame.encode();
    let places = reply.channels.iter().zip(reply.cursors);
    let rooms = places
        .filter_map(|(name, cursor)| Some((Channel::parse(name).ok()?, cursor)))
        .collect();
    Ok(RoomPage {
        text,
        rooms,
        next: reply.next,
    })
}

/// Tells that the client's user types, or does not any more. What is lost shows as a pause.
pub(super) async fn tell_typing(client: &Client, channel: &Channel, on: bool) {
    let request = TypingRequest {
        caller: client.caller(),
        channel: channel.name().to_owned(),
        on,
    };
    super::tell(&client.node, subject::CHAT_TYPING, request.encode_to_vec()).await;
}
