//! What happened in one row, as it was seen from outside.

use std::{collections::HashMap, sync::Arc};

/// A channel's name.
pub(crate) type Channel = Arc<str>;

/// What a publication is told apart by: its title, which its publisher has made up.
pub(crate) type Id = Arc<str>;

/// A user's id.
pub(crate) type User = String;

/// Everything that the checker looks at. Times are milliseconds since the row began.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) sessions: Vec<Session>,
    /// The last publication of each channel, sent when everything else had been answered.
    pub(crate) probes: HashMap<Channel, Id>,
    /// What was said in rooms.
    pub(crate) messages: Vec<Message>,
    /// What rooms and inboxes hold in the end.
    pub(crate) shown: Shown,
}

/// One append that a 2xx has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) channel: Channel,
    pub(crate) id: Id,
    pub(crate) n: u64,
    /// When the attempt began that was answered.
    pub(crate) asked_at_ms: u64,
    pub(crate) at_ms: u64,
}

/// A message that somebody sent to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) room: Channel,
    /// What it says, and what it is told apart by.
    pub(crate) content: Id,
    /// Where it stands; `None`: it was never answered.
    pub(crate) n: Option<u64>,
    pub(crate) mentions: Option<User>,
    /// What was asked for it afterwards, if anything.
    pub(crate) change: Option<Change>,
    /// Whether that was answered with a 2xx.
    pub(crate) is_changed: bool,
}

/// What may become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Edit(Id),
    Delete,
    React(Id),
}

impl Change {
    /// What the entry is told apart by that says it of message `n`.
    pub(crate) fn id(&self, n: u64) -> Id {
        match self {
            Self::Edit(content) => format!("edit {n} {content}").into(),
            Self::Delete => format!("delete {n}").into(),
            Self::React(emoji) => format!("react {n} {emoji}").into(),
        }
    }
}

/// What the notification is told apart by that says that message `n` of the room `room` names its reader.
pub(crate) fn mention(room: &str, n: u64) -> Id {
    format!("mention {room} {n}").into()
}

/// Entries that some client was sent, and where they stand.
pub(crate) type Seen = HashMap<(Channel, Id), u64>;

/// What the services answer to whoever asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// By room and ordinal.
    pub(crate) messages: HashMap<(Channel, u64), ShownMessage>,
    /// How many notifications of each mention each user has.
    pub(crate) mentions: HashMap<(User, Id), u64>,
}

/// A message as a room's history shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShownMessage {
    /// How often it is there.
    pub(crate) times: u64,
    /// `None`: it was deleted.
    pub(crate) content: Option<String>,
    /// Each emoji, and by how many.
    pub(crate) reactions: Vec<(String, u64)>,
}

/// One client, across all of its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) events: Vec<Event>,
    /// Channels it was subscribed to when the row ended; none, of one that left before.
    pub(crate) held: Vec<Channel>,
    /// Whether it had a connection when the row ended.
    pub(crate) is_connected: bool,
    /// How often it came back after a connection was lost or left.
    pub(crate) returns: Vec<Return>,
}

/// Something that a client was sent about one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) channel: Channel,
    pub(crate) at_ms: u64,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `subscribed`: what comes after ordinal `from` follows.
    Subscribed { from: u64 },
    /// `reset`: the client was told that it has missed something.
    Reset,
    /// A publication, a message, or what has become of one.
    Entry { n: u64, id: Id },
}

/// One way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Return {
    /// When the connection before was lost or left.
    pub(crate) lost_at_ms: u64,
    /// When the attempt that succeeded began.
    pub(crate) begun_at_ms: u64,
    /// When every channel was subscribed again.
    pub(crate) back_at_ms: u64,
}
