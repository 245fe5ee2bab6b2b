//! The types a client may send. Each is one file beside this one with a `handle`, and one line in the list below.

use crate::session::{Now, Refusal, Session, Turn};
use fanfare_proto::{Channel, ErrorCode, Kind, client::ClientFrame, server::ServerFrame};

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
    echo
    history
    ping
    presence
    publish
    read
    #[cfg(test)] reverse
    subscribe
    system_info
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

/// Whether the chat service must be asked if this session may read `channel`; refused when nobody could allow it.
fn must_ask(session: &Session, channel: &Channel) -> Result<bool, Refusal> {
    let may_read = session
        .identity()
        .is_some_and(|identity| identity.may_read(channel));
    match channel.kind() {
        _ if may_read => Ok(false),
        Kind::Room => Ok(true),
        _ => Err(ErrorCode::Forbidden.into()),
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
