//! What happened in one row, as it was seen from outside.

use std::{collections::HashMap, sync::Arc};

/// A channel's name.
pub(crate) type Channel = Arc<str>;

/// What a publication is told apart by: its title, which its publisher has made up.
pub(crate) type Id = Arc<str>;

/// Everything that the checker looks at. Times are milliseconds since the row began.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) sessions: Vec<Session>,
    /// The last publication of each channel, sent when everything else had been answered.
    pub(crate) probes: HashMap<Channel, Id>,
}

/// One append that a 2xx has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) channel: Channel,
    pub(crate) id: Id,
    pub(crate) n: u64,
    pub(crate) at_ms: u64,
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
    /// A publication.
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
