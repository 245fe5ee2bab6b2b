//! What every part of one gateway node shares.

use crate::{
    hub::HubHandle,
    metrics::Figures,
    outbox::Bounds,
    pace::Pace,
    presence::Presence,
    registry::Registry,
    replay::Replays,
    report::Reports,
    session::{Now, Terms},
    settings::Settings,
    shard::{Control, ShardHandle},
    system::System,
};
use fanfare_bus::{Bus, Log};
use fanfare_lifecycle::{Clock, Tasks};
use fanfare_proto::Timestamp;
use fanfare_service::Gateways;
use fanfare_telemetry::traces::Traces;
use fanfare_tokens::Authority;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) struct Node {
    pub(crate) settings: Settings,
    pub(crate) terms: Arc<Terms>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) hub: HubHandle,
    pub(crate) shards: Vec<ShardHandle>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) replays: Replays,
    pub(crate) pace: Pace,
    pub(crate) reports: Reports,
    pub(crate) presence: Presence,
    /// All of the fleet.
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) system: System,
    pub(crate) figures: Arc<Figures>,
    pub(crate) traces: Traces,
    pub(crate) clock: Clock,
    pub(crate) uptime: Uptime,
    pub(crate) tasks: Tasks,
    /// Cancelled when an operator has asked this node to drain.
    pub(crate) drain_asked: CancellationToken,
    /// No upgrade is accepted any more.
    pub(crate) closing: AtomicBool,
    /// The next connection's shard.
    pub(crate) turn: AtomicUsize,
}

impl Node {
    pub(crate) fn now(&self) -> Now {
        Now {
            wall_ms: self.clock.now_ms(),
            ms: self.uptime.millis(),
        }
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_ms(self.clock.now_ms())
    }

    /// Whether the hub or a shard has ended: sessions would stay open and hear nothing.
    pub(crate) fn is_deaf(&self) -> bool {
        self.hub.has_ended() || self.shards.iter().any(ShardHandle::has_ended)
    }

    pub(crate) const fn bounds(&self) -> Bounds {
        Bounds {
            bytes: self.settings.outbox_bytes,
            frames: self.settings.outbox_frames,
        }
    }

    /// The shard of the next connection: in turn, so that they fill evenly.
    pub(crate) fn next_shard(&self) -> &ShardHandle {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.shards[turn % self.shards.len()]
    }

    /// Asks the same of every shard.
    pub(crate) async fn control_all(&self, control: impl Fn() -> Control) {
        for shard in &self.shards {
            shard.control(control()).await;
        }
    }
}

/// The node's life, in seconds: small enough to keep one per connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime(Instant);

impl Uptime {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Since the node began.
    pub(crate) fn seconds(self) -> u32 {
        u32::try_from(self.0.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// Since the node began.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
