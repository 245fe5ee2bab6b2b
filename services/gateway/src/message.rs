//! The types a client may send. Each is one file beside this one with a `handle`, and one line in the list below.

mod change;
mod published;

use crate::session::{Now, Refusal, Session, Turn};
use fanfare_proto::{Channel, ErrorCode, Kind, client::ClientFrame, limits, server::ServerFrame};

/// Answers one frame: effects, or a refusal that goes back with the frame's id.
pub(crate) type Handle = fn(&mut Session, &ClientFrame<'_>, &mut Turn<'_>) -> Result<(), Refusal>;

macro_rules! types {
    ($($(#[$attribute:meta])* $name:ident)*) => {
        $($(#[$attribute])* mod $name;)*

        /// Who answers frames of this type.
        pub(crate) fn find(kind: &str) -> Option<Handle> {
            $($(#[$attribute])* if kind == stringify!($name) {
                return Some($name::handle);
            })*
            None
        }
    };
}

types! {
    ack
    auth
    chat
    custom
    delete
    echo
    edit
    history
    ping
    presence
    publish
    react
    read
    #[cfg(test)] reverse
    subscribe
    system_info
    typing
    unsubscribe
}

/// The frame's channel.
fn channel(frame: &ClientFrame<'_>) -> Result<Channel, Refusal> {
    let name = frame
        .channel
        .as_deref()
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "channel is missing"))?;
    Channel::parse(name).map_err(|error| Refusal::new(ErrorCode::BadMessage, error.to_string()))
}

/// The frame's channel, which must be a room.
fn room(frame: &ClientFrame<'_>) -> Result<Channel, Refusal> {
    let channel = channel(frame)?;
    if channel.kind() == Kind::Room {
        return Ok(channel);
    }
    let words = "channel must be a room, room:<id>";
    Err(Refusal::new(ErrorCode::BadMessage, words))
}

/// The frame's ordinal.
fn n(frame: &ClientFrame<'_>) -> Result<u64, Refusal> {
    frame
        .n
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "n is missing"))
}

/// The frame's `on`.
fn on(frame: &ClientFrame<'_>) -> Result<bool, Refusal> {
    frame
        .on
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "on is missing: true or false"))
}

/// The frame's content, which must be a text.
fn text(frame: &ClientFrame<'_>) -> Result<String, Refusal> {
    frame
        .content
        .and_then(|content| serde_json::from_str(content.get()).ok())
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "content must be a text"))
}

/// The frame's `client_id`; empty when it has none.
fn client_id(frame: &ClientFrame<'_>) -> Result<String, Refusal> {
    let client_id = frame.client_id.clone().unwrap_or_default();
    if client_id.len() <= limits::IDEMPOTENCY_KEY_BYTES {
        return Ok(client_id);
    }
    let words = "client_id is at most 128 bytes";
    Err(Refusal::new(ErrorCode::BadMessage, words))
}

/// The session does not read the frame's channel.
pub(crate) fn not_subscribed() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "the channel is not subscribed")
}

/// Refused unless the token alone lets this session read `channel`.
fn may_read(session: &Session, channel: &Channel) -> Result<(), Refusal> {
    let identity = session.identity();
    if identity.is_some_and(|identity| identity.may_read(channel)) {
        return Ok(());
    }
    Err(ErrorCode::Forbidden.into())
}

/// Whether the chat service must be asked if this session may read `channel`; refused when nobody could allow it.
fn must_ask(session: &Session, channel: &Channel) -> Result<bool, Refusal> {
    match channel.kind() {
        Kind::Room => Ok(true),
        Kind::User | Kind::Group | Kind::Topic | Kind::All | Kind::System => {
            may_read(session, channel).map(|()| false)
        }
    }
}

/// Refused unless it is a channel that people are present in: what a user's own channel, a group's and everybody's would
/// tell is who is online, which is another question.
fn has_presence(channel: &Channel) -> Result<(), Refusal> {
    match channel.kind() {
        Kind::Room | Kind::Topic => Ok(()),
        Kind::User | Kind::Group | Kind::All | Kind::System => Err(Refusal::new(
            ErrorCode::BadMessage,
            "only rooms and topics have presence",
        )),
    }
}

/// `unsubscribed`, also when the server ends the reading.
pub(crate) fn unsubscribed(id: Option<&str>, channel: &Channel, now: Now) -> Vec<u8> {
    ServerFrame::<()> {
        id,
        channel: Some(channel.name()),
        ..ServerFrame::new("unsubscribed", now.timestamp())
    }
    .encode()
}
