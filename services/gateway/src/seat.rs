//! Where a connection is on its node.

/// Names a connection of one shard. The generation keeps an old key from meaning a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// Names a connection of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) shard: u16,
    pub(crate) key: Key,
}

/// Names one reading of a channel: a connection that subscribes again has another, and what was meant for the first
/// must not reach the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The channel's slot in the hub.
    pub(crate) channel: u32,
    pub(crate) key: Key,
    /// Another for each reading, of the last four billion.
    pub(crate) serial: u32,
}
