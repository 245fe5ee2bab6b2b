//! What a shard keeps for one connection.

use crate::{
    calls::Calls,
    frame::{Agreement, Decoder},
    link::Link,
    registry::Place,
    session::Session,
};
use fanfare_proto::wire::Coverage;

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// One side has closed: this one's last words go out, and what the peer still sends is thrown away until it has closed
    /// too, or until this second of the node's life. A socket that is closed with unread bytes resets the connection,
    /// and the last words with it.
    Goodbye {
        until_s: u32,
        /// The last words are out, and the end of this side's stream behind them.
        said: bool,
        /// Of the peer's close, if it was first and gave one.
        code: Option<u16>,
    },
    /// It is over; the shard takes it out when nothing is under way. The code is the peer's, if it gave one.
    Over(Option<u16>),
}

/// One channel that a connection reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    /// The channel's slot in the hub.
    pub(crate) channel: u32,
    /// Its place among the channel's subscribers on this shard.
    pub(crate) index: u32,
    pub(crate) serial: u32,
    /// When it began: milliseconds after its connection, and one; 0 while it has not.
    pub(crate) began: u32,
    /// The client had everything up to here.
    pub(crate) from_n: u64,
    /// Written from the log up to here.
    pub(crate) replayed_n: u64,
}

/// Owned by its shard alone, so nothing in it is locked. There may be a hundred thousand: what most have not at a time
/// is behind a pointer.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) link: Link,
    pub(crate) phase: Phase,
    pub(crate) generation: u32,
    /// When the peer was last heard; this and the other times in seconds of the node's life.
    pub(crate) heard_s: u32,
    pub(crate) ping_due_s: u32,
    /// When the session wants to be woken; `u32::MAX`: never.
    pub(crate) tick_due_s: u32,
    /// The deadline that stands in the wheel; `u32::MAX`: none.
    pub(crate) wheel_due_s: u32,
    /// The newest of the batches it is to get in this drain, counted from one; 0: none.
    pub(crate) mail: u32,
    pub(crate) decoder: Decoder,
    /// About compression.
    pub(crate) agreement: Option<Agreement>,
    /// Exists while a call is under way.
    pub(crate) calls: Option<Box<Calls>>,
    /// At most one of each channel.
    pub(crate) subscriptions: Vec<Subscription>,
    /// What was read of channels that are not any more, for the delivery trail.
    #[expect(
        clippy::box_collection,
        reason = "every connection has this field, and few ever leave a channel"
    )]
    pub(crate) ended: Option<Box<Vec<Coverage>>>,
    pub(crate) session: Session,
    pub(crate) connected_at_ms: i64,
    /// Whether the registry knows it among its user's.
    pub(crate) registered: bool,
    pub(crate) place: Place,
}
