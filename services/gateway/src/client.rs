//! A connection, as the calls that run for it see it.

use crate::{
    node::Node,
    outbox::Parcel,
    presence::Watch,
    seat::{Reading, Seat},
    session::{self, SessionId},
    shard::{Control, Input, ShardHandle},
};
use fanfare_proto::{CloseCode, Position, wire::Caller};
use fanfare_tokens::Identity;
use std::sync::Arc;
use tokio::sync::{Mutex, oneshot};

/// What it says reaches the connection in the order of its calls, or nobody when the connection has ended.
pub(crate) struct Client {
    pub(crate) node: Arc<Node>,
    pub(crate) seat: Seat,
    pub(crate) session: SessionId,
    pub(crate) identity: Option<Identity>,
    /// The number of the call, under which the shard waits for it.
    pub(crate) call: u32,
    pub(crate) replay_turn: Arc<Mutex<()>>,
}

impl Client {
    /// Who asks, for a service.
    pub(crate) fn caller(&self) -> Option<Caller> {
        let identity = self.identity.clone()?;
        Some(session::caller(self.session, identity))
    }

    pub(crate) async fn send_text(&self, text: Vec<u8>) {
        self.shard().tell(Input::Text(self.seat.key, text)).await;
    }

    /// Resolves once the client has taken everything that waited for it; `None` when the connection has ended.
    pub(crate) async fn drained(&self) -> Option<()> {
        let (done, drained) = oneshot::channel();
        self.shard()
            .tell(Input::WhenDrained(self.seat.key, done))
            .await;
        drained.await.ok()
    }

    /// The reading begins with this text: the client has everything up to `from_n`. From now on it watches the channel's
    /// presence in this way.
    pub(crate) async fn begin(&self, reading: Reading, from_n: u64, text: Vec<u8>, watch: Watch) {
        let input = Input::Begin {
            reading,
            from_n,
            text,
            watch,
        };
        self.shard().tell(input).await;
    }

    /// Writes entries from the log. Resolves once the client has taken everything that waited for it; `None` when the
    /// reading or the connection has ended.
    pub(crate) async fn replay(&self, reading: Reading, parcel: Parcel) -> Option<()> {
        let (done, written) = oneshot::channel();
        self.shard()
            .tell(Input::Replay(reading, parcel, done))
            .await;
        written.await.ok()
    }

    /// The client has everything up to `n` of what was read from the log.
    pub(crate) async fn replayed(&self, reading: Reading, n: u64) {
        self.shard().tell(Input::Replayed(reading, n)).await;
    }

    /// Asks the shard to deliver directly. Answers how far to replay first, when too much came meanwhile; `None` when
    /// the reading has ended.
    pub(crate) async fn go_live(&self, reading: Reading, n: u64) -> Option<Option<Position>> {
        let (reply, answer) = oneshot::channel();
        self.shard().tell(Input::GoLive(reading, n, reply)).await;
        answer.await.ok()
    }

    pub(crate) async fn close(&self, code: CloseCode) {
        self.shard()
            .control(Control::Close(self.seat.key, code, 0))
            .await;
    }

    fn shard(&self) -> &ShardHandle {
        &self.node.shards[usize::from(self.seat.shard)]
    }
}
