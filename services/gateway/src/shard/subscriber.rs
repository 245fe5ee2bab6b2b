//! Who reads a channel on this shard, and what is held for those who still replay.

use super::Shard;
use crate::{
    connection::{Connection, Phase, Subscription},
    delivery::{Delivery, Joined},
    outbox::Parcel,
    seat::{Key, Reading},
    system::Watching,
};
use fanfare_proto::{Channel, Position, wire::Coverage};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Deliveries held for one subscriber that is still replaying; beyond, it replays further instead, at its own pace.
const HELD: usize = 1_000;

/// Bytes held likewise: what is let go at once must fit the smallest queue.
const HELD_BYTES: usize = 64 * 1024;

/// Ended readings that are remembered for the delivery trail. Older ones are forgotten.
const ENDED: usize = 32;

#[derive(Debug)]
pub(super) struct ChannelState {
    pub(super) channel: Channel,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) last: Position,
    /// Of `system:metrics`: keeps the figures coming.
    _watching: Option<Watching>,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) slot: u32,
    /// Exists until the subscriber and the channel are at one.
    late: Option<Box<Late>>,
}

#[derive(Debug, Default)]
struct Late {
    /// What it came back with, which may be ahead of this node: nothing up to here is sent again.
    have_n: u64,
    /// Exists while the subscriber replays.
    held: Option<Held>,
}

#[derive(Debug, Default)]
struct Held {
    deliveries: Vec<Arc<Delivery>>,
    bytes: usize,
    overflowed: bool,
}

/// What a subscriber gets of some deliveries.
pub(super) enum Share {
    All,
    /// Nothing now: they are held, or it has them.
    Nothing,
    Some(Vec<Arc<Delivery>>),
}

impl Subscriber {
    /// Takes this subscriber's share of `deliveries`.
    pub(super) fn share(&mut self, deliveries: &[Arc<Delivery>]) -> Share {
        let Some(late) = &mut self.late else {
            return Share::All;
        };
        if let Some(held) = &mut late.held {
            held.hold(deliveries);
            return Share::Nothing;
        }
        let news = late.news(deliveries);
        let caught_up = deliveries
            .iter()
            .any(|delivery| delivery.position.n > late.have_n);
        if caught_up {
            self.late = None;
        }
        match news.len() {
            0 => Share::Nothing,
            len if len == deliveries.len() => Share::All,
            _ => Share::Some(news),
        }
    }

    fn is_live(&self) -> bool {
        self.late.as_ref().is_none_or(|late| late.held.is_none())
    }
}

impl Late {
    /// Those of `deliveries` that the subscriber does not have.
    fn news(&self, deliveries: &[Arc<Delivery>]) -> Vec<Arc<Delivery>> {
        deliveries
            .iter()
            .filter(|delivery| delivery.position.n == 0 || delivery.position.n > self.have_n)
            .cloned()
            .collect()
    }
}

impl Held {
    fn hold(&mut self, deliveries: &[Arc<Delivery>]) {
        if self.overflowed {
            return;
        }
        let bytes: usize = deliveries.iter().map(|delivery| delivery.len()).sum();
        self.bytes += bytes;
        if self.deliveries.len() + deliveries.len() > HELD || self.bytes > HELD_BYTES {
            self.overflowed = true;
            self.deliveries = Vec::new();
        } else {
            self.deliveries.extend(deliveries.iter().cloned());
        }
    }
}

impl Shard {
    pub(super) fn attach(&mut self, reading: Reading, channel: Channel, head: Position) {
        let Reading {
            channel: id,
            key,
            serial,
        } = reading;
        self.leave(key, id);
        if self.conn(key).is_none_or(|conn| conn.phase != Phase::Open) {
            return self.node.hub.left(self.index, channel, id);
        }
        let state = self.channels.entry(id).or_insert_with(|| {
            Box::new(ChannelState {
                _watching: (!channel.is_stored()).then(|| self.node.system.watch()),
                channel,
                subscribers: Vec::new(),
                last: head,
            })
        });
        let index = u32::try_from(state.subscribers.len()).unwrap_or(u32::MAX);
        if state.subscribers.is_empty() {
            // The channel of one user mostly has one reader.
            state.subscribers.reserve_exact(1);
        }
        state.subscribers.push(Subscriber {
            slot: key.slot,
            late: Some(Box::new(Late {
                have_n: 0,
                held: Some(Held::default()),
            })),
        });
        let conn = &mut self.conns[key.slot as usize];
        conn.session.share_name(&state.channel);
        conn.subscriptions.reserve_exact(1);
        conn.subscriptions.push(Subscription {
            channel: id,
            index,
            serial,
            from_n: 0,
            replayed_n: 0,
            began: 0,
        });
    }

    /// Ends one reading; one that another has replaced has ended already.
    pub(super) fn detach(&mut self, reading: Reading) {
        if self.subscription(reading).is_some() {
            self.leave(reading.key, reading.channel);
        }
    }

    pub(super) fn leave_by_name(&mut self, key: Key, channel: &Channel) {
        if let Some(id) = self.named(key, channel).map(|own| own.channel) {
            self.leave(key, id);
        }
    }

    /// Whether `channel` is being read, and the client knows it.
    pub(super) fn reads(&self, key: Key, channel: &Channel) -> bool {
        self.named(key, channel).is_some_and(|own| own.began > 0)
    }

    fn named(&self, key: Key, channel: &Channel) -> Option<Subscription> {
        let conn = self.conns.get(key.slot as usize)?;
        let of_name = |own: &&Subscription| {
            self.channels
                .get(&own.channel)
                .is_some_and(|state| state.channel == *channel)
        };
        (conn.generation == key.generation)
            .then(|| conn.subscriptions.iter().find(of_name).copied())
            .flatten()
    }

    /// Ends whatever reading a connection has of a channel.
    fn leave(&mut self, key: Key, channel: u32) {
        let now_ms = self.node.clock.now_ms();
        let Some(conn) = self.conn(key) else {
            return;
        };
        let of_channel = |own: &Subscription| own.channel == channel;
        let Some(at) = conn.subscriptions.iter().position(of_channel) else {
            return;
        };
        let subscription = conn.subscriptions.swap_remove(at);
        let conn = &self.conns[key.slot as usize];
        if let Some(coverage) = self.coverage(conn, &subscription, now_ms) {
            let ended = self.conns[key.slot as usize].ended.get_or_insert_default();
            if ended.len() == ENDED {
                ended.remove(0);
            }
            ended.push(coverage);
        }
        self.unlist(subscription);
    }

    /// Takes a subscription that its connection has no more from its channel's subscribers.
    pub(super) fn unlist(&mut self, subscription: Subscription) {
        let Subscription { channel, index, .. } = subscription;
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        state.subscribers.swap_remove(index as usize);
        if let Some(moved) = state.subscribers.get(index as usize)
            && let Some(conn) = self.conns.get_mut(moved.slot as usize)
            && let Some(own) = conn
                .subscriptions
                .iter_mut()
                .find(|own| own.channel == channel)
        {
            own.index = index;
        }
        self.node
            .hub
            .left(self.index, state.channel.clone(), channel);
        if state.subscribers.is_empty() {
            self.channels.remove(&channel);
        }
    }

    /// The reading begins: the client is told, and what is replayed follows.
    pub(super) fn begin(&mut self, reading: Reading, from_n: u64, text: Vec<u8>) {
        let now_ms = self.node.clock.now_ms();
        let Some(conn) = self.conn(reading.key) else {
            return;
        };
        let after_ms = now_ms.saturating_sub(conn.connected_at_ms).max(0);
        let began = u32::try_from(after_ms.saturating_add(1)).unwrap_or(u32::MAX);
        if let Some(own) = self.subscription(reading) {
            own.from_n = from_n;
            own.replayed_n = from_n;
            own.began = began;
            self.send_text(reading.key, text);
        }
    }

    /// Sends entries from the log; `done` is told once nothing waits for the client any more.
    pub(super) fn replay(&mut self, reading: Reading, parcel: &Parcel, done: oneshot::Sender<()>) {
        if self.subscription(reading).is_none() {
            return;
        }
        self.send(reading.key, parcel);
        if let Some(conn) = self
            .conn(reading.key)
            .filter(|conn| conn.phase == Phase::Open)
        {
            conn.link.when_drained(done);
        }
    }

    pub(super) fn replayed(&mut self, reading: Reading, n: u64) {
        if let Some(own) = self.subscription(reading) {
            own.replayed_n = n;
        }
    }

    /// Lets the held deliveries go. `None`: the reading has ended; `Some(Some(…))`: too much was held, replay up to
    /// there first.
    pub(super) fn go_live(&mut self, reading: Reading, have_n: u64) -> Option<Option<Position>> {
        let index = self.subscription(reading)?.index;
        let state = self.channels.get_mut(&reading.channel)?;
        let last = state.last;
        let channel = state.channel.clone();
        let subscriber = state.subscribers.get_mut(index as usize)?;
        let late = subscriber.late.as_mut()?;
        late.have_n = have_n;
        let held = late.held.take()?;
        if held.overflowed {
            late.held = Some(Held::default());
            return Some(Some(last));
        }
        let news = late.news(&held.deliveries);
        if last.n >= have_n {
            subscriber.late = None;
        }
        let agreement = self.conn(reading.key).and_then(|conn| conn.agreement);
        let figures = Arc::clone(&self.node.figures);
        for parcel in Joined::new(&channel, &news, &figures).parcels(agreement) {
            self.send(reading.key, parcel);
        }
        self.node
            .reports
            .session(self.report(reading.key.slot, 0, 0));
        Some(None)
    }

    fn subscription(&mut self, reading: Reading) -> Option<&mut Subscription> {
        let is_own = |own: &&mut Subscription| {
            own.channel == reading.channel && own.serial == reading.serial
        };
        self.conn(reading.key)?
            .subscriptions
            .iter_mut()
            .find(is_own)
    }

    /// What was written of one channel; `None` before its reading has begun.
    pub(super) fn coverage(
        &self,
        conn: &Connection,
        subscription: &Subscription,
        left_at_ms: i64,
    ) -> Option<Coverage> {
        if subscription.began == 0 {
            return None;
        }
        let state = self.channels.get(&subscription.channel)?;
        let is_live = state
            .subscribers
            .get(subscription.index as usize)
            .is_some_and(Subscriber::is_live);
        let live_n = if is_live { state.last.n } else { 0 };
        let pushed_n = subscription.replayed_n.max(live_n);
        let upto_n = match conn.link.first_unwritten(&state.channel) {
            Some(unwritten_n) => pushed_n.min(unwritten_n - 1),
            None => pushed_n,
        };
        Some(Coverage {
            channel: state.channel.name().to_owned(),
            from_n: subscription.from_n,
            replayed_n: subscription.replayed_n.min(upto_n),
            upto_n,
            at_ms: conn.connected_at_ms + i64::from(subscription.began) - 1,
            left_at_ms,
        })
    }
}
