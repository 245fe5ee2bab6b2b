//! What a shard is told.

use super::Listing;
use crate::{
    calls::Completed,
    delivery::Delivery,
    frame::Agreement,
    outbox::Parcel,
    presence::Watch,
    registry::Place,
    seat::{Key, Reading},
    session::{Session, SessionId},
};
use fanfare_proto::{Channel, CloseCode, Position, wire::SessionReport};
use fanfare_tokens::Identity;
use mio::net::TcpStream;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Inputs that wait for one shard. The hub waits when it is full, and then reads on from the log.
const INPUTS: usize = 8_192;

/// A connection that comes to its shard.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    pub(crate) session: Session,
    pub(crate) place: Place,
    /// About compression.
    pub(crate) agreement: Option<Agreement>,
    /// `None`: the first frame must bring a token.
    pub(crate) identity: Option<Arc<Identity>>,
    /// What the peer sent right behind its handshake.
    pub(crate) first: Vec<u8>,
}

/// One input.
#[derive(Debug)]
pub(crate) enum Input {
    /// From the hub.
    Deliver(u32, Arc<Delivery>),
    /// For those who watch who is present in this channel, if it is still in this slot.
    Present(u32, Channel, Arc<Delivery>),
    /// From the hub: the channel is read from here on, for the call with this number, in the place of any reading of it by
    /// the same connection; deliveries are held until [`Input::GoLive`]. It stands at this position.
    Attach(u32, Reading, Channel, Position),
    /// From the hub: the channel is read from here on, for the call with this number; the client has missed nothing, so
    /// deliveries follow at once. It stands at this position.
    AttachLive(u32, Reading, Channel, Position),
    /// From the hub: the reading was given up before it began.
    Detach(Reading),
    /// The subscriber has everything up to this ordinal, at least to where it attached. Answered with the position it
    /// must replay up to before it asks again, when too much came meanwhile; not answered when the reading has ended.
    GoLive(Reading, u64, oneshot::Sender<Option<Position>>),
    Arrive(Box<Arrival>),
    /// A call is done.
    Completed(Key, Completed),
    /// A text frame to one client.
    Text(Key, Vec<u8>),
    /// The reading begins with this text: the client has everything up to `from_n`.
    Begin {
        reading: Reading,
        from_n: u64,
        text: Vec<u8>,
        watch: Watch,
    },
    /// Entries from the log. Told once nothing waits for the client any more; not told when the reading has ended.
    Replay(Reading, Parcel, oneshot::Sender<()>),
    /// Told once nothing waits for the client any more; not told when the connection has ended.
    WhenDrained(Key, oneshot::Sender<()>),
    /// What was read from the log is with the client up to this ordinal.
    Replayed(Reading, u64),
    Control(Control),
}

/// What the rest of the node asks.
#[derive(Debug)]
pub(crate) enum Control {
    /// Closes one connection, with a hint when to come back.
    Close(Key, CloseCode, u64),
    /// Closes every connection that is not closing.
    CloseAll(CloseCode, u64),
    /// Closes the session with this id. Told whether it was here, and open.
    CloseSession(SessionId, CloseCode, oneshot::Sender<bool>),
    /// Ends whatever this connection has of a channel that its user may not read any more, also what is only beginning. Told
    /// when that is so; not told when the connection has ended.
    Expel(Key, Channel, oneshot::Sender<()>),
    /// Asks whether the token of this connection, or of every one, was revoked, and closes it if so.
    Recheck(Option<Key>),
    /// Asks for what one session was sent; `None`: it has ended.
    Report(Key, oneshot::Sender<Option<SessionReport>>),
    /// Asks for at most so many of these connections, or of all, the newest first.
    List(Option<Vec<Key>>, usize, oneshot::Sender<Listing>),
    /// Asks for all connections.
    Keys(oneshot::Sender<Vec<Key>>),
}

impl Input {
    pub(super) const fn changes_readers(&self) -> bool {
        matches!(
            self,
            Self::Attach(..)
                | Self::AttachLive(..)
                | Self::Detach(..)
                | Self::GoLive(..)
                | Self::Control(Control::Expel(..))
        )
    }
}

/// Where a shard takes its inputs.
#[derive(Clone, Debug)]
pub(crate) struct ShardHandle {
    inputs: mpsc::Sender<Input>,
}

impl ShardHandle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Input>) {
        let (inputs, receiver) = mpsc::channel(INPUTS);
        (Self { inputs }, receiver)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.inputs.is_closed()
    }

    pub(crate) async fn control(&self, control: Control) {
        self.tell(Input::Control(control)).await;
    }

    /// Tells the shard; waits while its queue is full. Nobody hears it when the node is ending.
    pub(crate) async fn tell(&self, input: Input) {
        if self.inputs.send(input).await.is_err() {
            tracing::trace!("a shard has ended; the node is going");
        }
    }
}
