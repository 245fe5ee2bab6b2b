//! A shard: its connections, which of them read which channel, its timer, and the fan-out.
//!
//! A shard drains everything that is queued for it, joins the frames of a channel, and makes one write per subscriber.
//! Order per channel is the hub's; inputs of the hub and of connections come through the one queue, so that a
//! subscription begins at an exact place between two deliveries.

use crate::{
    delivery::{self, Delivery},
    frame,
    hub::Progress,
    link::{self, Link, Sent},
    metrics::Figures,
    node::Uptime,
    outbox::Class,
    report::Reports,
    wheel::Wheel,
};
use bytes::Bytes;
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{CloseCode, Position};
use slab::Slab;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Inputs that wait for one shard. The hub waits when it is full, and then reads on from the log.
const INPUTS: usize = 8_192;

/// Inputs taken at once. Bounds how long control waits behind deliveries.
const DRAIN: usize = 1_024;

/// Writes between two yields: a thousand writes are about 10 ms, and pings must not wait that long.
const WRITES_PER_TURN: usize = 64;

/// Deliveries held for one subscriber that is still replaying; beyond, it replays further instead, at its own pace.
const HELD: usize = 1_000;

/// Bytes held likewise: what is let go at once must fit the smallest queue.
const HELD_BYTES: usize = 64 * 1024;

/// Names a connection of one shard. The generation keeps an old key from meaning a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    slot: u32,
    generation: u32,
}

/// What a shard is told.
#[derive(Debug)]
pub(crate) enum Input {
    Insert(Arc<Link>, oneshot::Sender<Key>),
    Remove(Key),
    /// From the hub: `key` reads the channel from here on; deliveries are held until [`Input::GoLive`].
    Attach(u32, Arc<Progress>, Key),
    /// From the hub.
    Detach(u32, Key),
    /// The subscriber has everything up to where it attached. Answered with the position it must replay up to before
    /// it asks again, when too much came meanwhile.
    GoLive(u32, Key, oneshot::Sender<Option<Position>>),
    /// From the hub.
    Deliver(u32, Arc<Delivery>),
    /// The session's deadline has changed.
    Reschedule(Key),
}

/// Where a shard takes its inputs.
#[derive(Clone, Debug)]
pub(crate) struct ShardHandle {
    inputs: mpsc::Sender<Input>,
}

impl ShardHandle {
    /// Tells the shard what it may as well not hear: nothing is told while its queue is full.
    pub(crate) fn hint(&self, input: Input) {
        if self.inputs.try_send(input).is_err() {
            tracing::trace!("a shard is busy; a deadline moves later");
        }
    }

    /// Tells the shard; waits while its queue is full. `false` when the node is ending.
    pub(crate) async fn tell(&self, input: Input) -> bool {
        self.inputs.send(input).await.is_ok()
    }
}

/// What the shards of a node share.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) uptime: Uptime,
    pub(crate) clock: Clock,
    pub(crate) figures: Arc<Figures>,
    pub(crate) reports: Reports,
    pub(crate) ping_interval: Duration,
    pub(crate) silence: Duration,
}

#[derive(Debug)]
struct Conn {
    link: Arc<Link>,
    generation: u32,
    ping_due_s: u32,
    /// The deadline that stands in the wheel; `u32::MAX`: none.
    wheel_due_s: u32,
    /// Channel id, and where in its list of subscribers.
    channels: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Subscriber {
    slot: u32,
    /// Exists while the subscriber replays.
    held: Option<Box<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    deliveries: Vec<Arc<Delivery>>,
    bytes: usize,
    overflowed: bool,
}

#[derive(Debug)]
struct ChannelState {
    progress: Arc<Progress>,
    subscribers: Vec<Subscriber>,
    last: Position,
}

#[derive(Debug)]
pub(crate) struct Shard {
    index: usize,
    common: Common,
    conns: Slab<Conn>,
    generation: u32,
    channels: HashMap<u32, ChannelState>,
    wheel: Wheel<Key>,
    ping: Bytes,
    /// Deliveries of this drain, by channel in order of the first.
    pending: Vec<(u32, Vec<Arc<Delivery>>)>,
}

impl Shard {
    pub(crate) fn new(index: usize, common: Common) -> (Self, ShardHandle, mpsc::Receiver<Input>) {
        let (inputs, receiver) = mpsc::channel(INPUTS);
        let now_s = common.uptime.seconds();
        let shard = Self {
            index,
            common,
            conns: Slab::new(),
            generation: 0,
            channels: HashMap::new(),
            wheel: Wheel::new(now_s),
            ping: frame::ping(b"").into(),
            pending: Vec::new(),
        };
        (shard, ShardHandle { inputs }, receiver)
    }

    /// Works until the node's hard shutdown.
    pub(crate) async fn run(mut self, mut inputs: mpsc::Receiver<Input>, shutdown: Shutdown) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                count = inputs.recv_many(&mut batch, DRAIN) => {
                    if count == 0 {
                        return;
                    }
                    for input in batch.drain(..) {
                        self.take(input).await;
                    }
                    self.flush().await;
                }
                _ = second.tick() => self.tick(),
            }
        }
    }

    async fn take(&mut self, input: Input) {
        // What changes who gets what waits for the deliveries before it.
        if !matches!(
            input,
            Input::Deliver(..) | Input::Insert(..) | Input::Reschedule(_)
        ) {
            self.flush().await;
        }
        match input {
            Input::Deliver(channel, delivery) => {
                match self.pending.iter_mut().find(|(id, _)| *id == channel) {
                    Some((_, deliveries)) => deliveries.push(delivery),
                    None => self.pending.push((channel, vec![delivery])),
                }
            }
            Input::Insert(link, reply) => {
                let key = self.insert(link);
                if reply.send(key).is_err() {
                    self.remove(key);
                }
            }
            Input::Remove(key) => self.remove(key),
            Input::Reschedule(key) => self.schedule(key),
            Input::Attach(channel, progress, key) => self.attach(channel, progress, key),
            Input::Detach(channel, key) => self.detach(channel, key),
            Input::GoLive(channel, key, reply) => {
                // A subscriber that no longer waits is on its way out.
                let _gone = reply.send(self.go_live(channel, key));
            }
        }
    }

    fn insert(&mut self, link: Arc<Link>) -> Key {
        self.generation = self.generation.wrapping_add(1);
        let entry = self.conns.vacant_entry();
        let key = Key {
            slot: u32::try_from(entry.key()).unwrap_or(u32::MAX),
            generation: self.generation,
        };
        let interval_s = seconds(self.common.ping_interval);
        // Spread over the last fifth of the interval, so that a mass of connections does not ping at once.
        let early_s = key.slot % (interval_s / 5 + 1);
        entry.insert(Conn {
            link,
            generation: self.generation,
            ping_due_s: self.common.uptime.seconds() + interval_s - early_s,
            wheel_due_s: u32::MAX,
            channels: Vec::new(),
        });
        self.schedule(key);
        key
    }

    fn conn(&mut self, key: Key) -> Option<&mut Conn> {
        let conn = self.conns.get_mut(key.slot as usize)?;
        (conn.generation == key.generation).then_some(conn)
    }

    fn remove(&mut self, key: Key) {
        while let Some((channel, _)) = self
            .conn(key)
            .and_then(|conn| conn.channels.last().copied())
        {
            self.detach(channel, key);
        }
        if self.conn(key).is_some() {
            self.conns.remove(key.slot as usize);
        }
    }

    fn attach(&mut self, channel: u32, progress: Arc<Progress>, key: Key) {
        let Some(conn) = self.conns.get_mut(key.slot as usize) else {
            return;
        };
        if conn.generation != key.generation {
            return;
        }
        let state = self
            .channels
            .entry(channel)
            .or_insert_with(|| ChannelState {
                progress,
                subscribers: Vec::new(),
                last: Position::default(),
            });
        let place = u32::try_from(state.subscribers.len()).unwrap_or(u32::MAX);
        conn.channels.push((channel, place));
        state.subscribers.push(Subscriber {
            slot: key.slot,
            held: Some(Box::default()),
        });
    }

    fn detach(&mut self, channel: u32, key: Key) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        let Some(at) = conn.channels.iter().position(|(id, _)| *id == channel) else {
            return;
        };
        let (_, place) = conn.channels.swap_remove(at);
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        state.subscribers.swap_remove(place as usize);
        if let Some(moved) = state.subscribers.get(place as usize)
            && let Some(conn) = self.conns.get_mut(moved.slot as usize)
            && let Some(entry) = conn.channels.iter_mut().find(|(id, _)| *id == channel)
        {
            entry.1 = place;
        }
        if state.subscribers.is_empty() {
            self.channels.remove(&channel);
        }
    }

    fn go_live(&mut self, channel: u32, key: Key) -> Option<Position> {
        let place = {
            let conn = self.conn(key)?;
            conn.channels.iter().find(|(id, _)| *id == channel)?.1
        };
        let state = self.channels.get_mut(&channel)?;
        let subscriber = state.subscribers.get_mut(place as usize)?;
        let held = subscriber.held.take()?;
        if held.overflowed {
            subscriber.held = Some(Box::default());
            return Some(state.last);
        }
        let link = &self.conns.get(key.slot as usize)?.link;
        let channel = &state.progress.channel;
        for chunk in delivery::join(held.deliveries.iter().map(Arc::as_ref)) {
            let mark = (chunk.first_n > 0).then_some((channel, chunk.first_n));
            self.common.figures.sent(
                link.send(&chunk.bytes, chunk.frames, chunk.class, mark),
                chunk.frames,
            );
        }
        None
    }

    async fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for (channel, deliveries) in &pending {
            self.fan_out(*channel, deliveries).await;
        }
        // Keeps the allocation for the next drain.
        let mut pending = pending;
        pending.clear();
        self.pending = pending;
    }

    async fn fan_out(&mut self, channel: u32, deliveries: &[Arc<Delivery>]) {
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        let chunks = delivery::join(deliveries.iter().map(Arc::as_ref));
        let name = &state.progress.channel;
        let mut live = 0_u32;
        for (place, subscriber) in state.subscribers.iter_mut().enumerate() {
            if let Some(held) = &mut subscriber.held {
                held.hold(deliveries);
                continue;
            }
            let Some(conn) = self.conns.get(subscriber.slot as usize) else {
                continue;
            };
            live += 1;
            for chunk in &chunks {
                let mark = (chunk.first_n > 0).then_some((name, chunk.first_n));
                let sent = conn
                    .link
                    .send(&chunk.bytes, chunk.frames, chunk.class, mark);
                self.common.figures.sent(sent, chunk.frames);
                if matches!(sent, Sent::Closed | Sent::TooSlow) {
                    break;
                }
            }
            if place % WRITES_PER_TURN == WRITES_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        let now_ms = self.common.clock.now_ms();
        for delivery in deliveries {
            if delivery.position.n > 0 {
                state.last = delivery.position;
            }
            self.common.figures.latency(now_ms - delivery.created_at_ms);
            if delivery.trail && live > 0 {
                self.common
                    .reports
                    .written(name, delivery.position.n, now_ms, live);
            }
        }
        state.progress.set(self.index, state.last.n);
    }

    /// Puts the connection's next deadline into the wheel, unless an earlier one stands there.
    fn schedule(&mut self, key: Key) {
        let silence_s = seconds(self.common.silence);
        let Some(conn) = self.conn(key) else {
            return;
        };
        let silent_s = conn.link.heard_s().saturating_add(silence_s);
        let due_s = conn.ping_due_s.min(conn.link.due_s()).min(silent_s);
        if due_s < conn.wheel_due_s {
            conn.wheel_due_s = due_s;
            self.wheel.add(due_s, key);
        }
    }

    fn tick(&mut self) {
        let now_s = self.common.uptime.seconds();
        for key in self.wheel.advance(now_s) {
            self.check(key, now_s);
        }
    }

    fn check(&mut self, key: Key, now_s: u32) {
        let silence_s = seconds(self.common.silence);
        let interval_s = seconds(self.common.ping_interval);
        let ping = self.ping.clone();
        let Some(conn) = self.conn(key) else {
            return;
        };
        if conn.wheel_due_s > now_s {
            // An entry that an earlier deadline has replaced.
            return;
        }
        conn.wheel_due_s = u32::MAX;
        if now_s.saturating_sub(conn.link.heard_s()) >= silence_s {
            conn.link.close(CloseCode::Silent, 0);
            return;
        }
        if conn.ping_due_s <= now_s {
            conn.ping_due_s = now_s + interval_s;
            // Bytes that wait already will show whether the peer is there.
            if !conn.link.is_blocked() {
                let _sent = conn.link.send(&ping, 1, Class::Ephemeral, None);
            }
        }
        if conn.link.due_s() <= now_s {
            conn.link.set_due(u32::MAX);
            conn.link.signal(link::TICK);
        }
        self.schedule(key);
    }
}

/// Whole seconds, at least one: the wheel knows no less.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).max(1)
}

impl Held {
    fn hold(&mut self, deliveries: &[Arc<Delivery>]) {
        if self.overflowed {
            return;
        }
        let bytes: usize = deliveries.iter().map(|delivery| delivery.bytes.len()).sum();
        self.bytes += bytes;
        if self.deliveries.len() + deliveries.len() > HELD || self.bytes > HELD_BYTES {
            self.overflowed = true;
            self.deliveries = Vec::new();
        } else {
            self.deliveries.extend(deliveries.iter().cloned());
        }
    }
}
