//! The types a client may send. Each is one file beside this one with a `handle`, and one line in the list below.

use crate::session::{Now, Refusal, Session, Turn};
use fanfare_proto::{Channel, ErrorCode, client::ClientFrame, server::ServerFrame};

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

/// `unsubscribed`, also when the server ends the reading.
pub(crate) fn unsubscribed(id: Option<&str>, channel: &Channel, now: Now) -> Vec<u8> {
    ServerFrame::<()> {
        id,
        channel: Some(channel.name()),
        ..ServerFrame::new("unsubscribed", now.timestamp())
    }
    .encode()
}
