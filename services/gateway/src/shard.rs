//! A shard: its connections, which of them read which channel, its timer, and the fan-out.
//!
//! A shard drains everything that is queued for it, joins the frames of a channel, and makes one write per subscriber.
//! Order per channel is the hub's; inputs of the hub and of connections come through the one queue, so that a
//! subscription begins at an exact place between two deliveries.

mod subscriber;
mod timer;

use crate::{
    delivery::{self, Chunk, Delivery},
    frame,
    hub::Progress,
    link::{Link, Sent},
    metrics::Figures,
    node::Uptime,
    report::Reports,
    wheel::Wheel,
};
use bytes::Bytes;
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{Channel, Position};
use slab::Slab;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

use subscriber::Subscriber;
use timer::seconds;

/// Inputs that wait for one shard. The hub waits when it is full, and then reads on from the log.
const INPUTS: usize = 8_192;

/// Inputs taken at once. Bounds how long control waits behind deliveries.
const DRAIN: usize = 1_024;

/// Writes between two yields: a thousand writes are about 10 ms, and pings must not wait that long.
const WRITES_PER_TURN: usize = 64;

/// Names a connection of one shard. The generation keeps an old key from meaning a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    slot: u32,
    generation: u32,
}

/// Names one attachment: a connection that subscribes again has another, and what was meant for the first must not
/// reach the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The channel's id among the shards.
    pub(crate) channel: u32,
    pub(crate) key: Key,
    pub(crate) serial: u64,
}

/// What a shard is told.
#[derive(Debug)]
pub(crate) enum Input {
    Insert(Arc<Link>, oneshot::Sender<Key>),
    Remove(Key),
    /// From the hub: the channel is read from here on, in the place of any reading of it by the same connection;
    /// deliveries are held until [`Input::GoLive`].
    Attach(Reading, Arc<Progress>),
    /// From the hub.
    Detach(Reading),
    /// The subscriber has everything up to this ordinal, at least to where it attached. Answered with the position it
    /// must replay up to before it asks again, when too much came meanwhile; not answered when the reading has ended.
    GoLive(Reading, u64, oneshot::Sender<Option<Position>>),
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
    pub(crate) fn has_ended(&self) -> bool {
        self.inputs.is_closed()
    }

    /// Tells the shard what it may as well not hear: nothing is told while its queue is full.
    pub(crate) fn hint(&self, input: Input) {
        if self.inputs.try_send(input).is_err() {
            tracing::trace!("a shard is busy; a deadline moves later");
        }
    }

    /// Tells the shard; waits while its queue is full. Nobody hears it when the node is ending.
    pub(crate) async fn tell(&self, input: Input) {
        if self.inputs.send(input).await.is_err() {
            tracing::trace!("a shard has ended; the node is going");
        }
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
    /// At most one of each channel.
    readings: Vec<Place>,
}

/// Where a connection stands among a channel's subscribers.
#[derive(Clone, Copy, Debug)]
struct Place {
    channel: u32,
    index: u32,
    serial: u64,
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
            Input::Attach(reading, progress) => self.attach(reading, progress),
            Input::Detach(reading) => self.detach(reading),
            Input::GoLive(reading, have_n, reply) => {
                if let Some(answer) = self.go_live(reading, have_n) {
                    // A subscriber that no longer waits is on its way out.
                    let _gone = reply.send(answer);
                }
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
            readings: Vec::new(),
        });
        self.schedule(key);
        key
    }

    fn conn(&mut self, key: Key) -> Option<&mut Conn> {
        let conn = self.conns.get_mut(key.slot as usize)?;
        (conn.generation == key.generation).then_some(conn)
    }

    fn remove(&mut self, key: Key) {
        while let Some(place) = self
            .conn(key)
            .and_then(|conn| conn.readings.last().copied())
        {
            self.leave(key, place.channel);
        }
        if self.conn(key).is_some() {
            self.conns.remove(key.slot as usize);
        }
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
        let first_n = deliveries
            .iter()
            .map(|delivery| delivery.position.n)
            .find(|n| *n > 0);
        let name = &state.progress.channel;
        let mut live = 0_u32;
        for (index, subscriber) in state.subscribers.iter_mut().enumerate() {
            if let Some(held) = &mut subscriber.held {
                held.hold(deliveries);
                continue;
            }
            let Some(conn) = self.conns.get(subscriber.slot as usize) else {
                continue;
            };
            let sent = if first_n.is_some_and(|n| n <= subscriber.have_n) {
                let news = subscriber.news(deliveries);
                send(
                    &conn.link,
                    name,
                    &delivery::join(news),
                    &self.common.figures,
                )
            } else {
                send(&conn.link, name, &chunks, &self.common.figures)
            };
            live += u32::from(matches!(sent, Sent::Written | Sent::Queued));
            if index % WRITES_PER_TURN == WRITES_PER_TURN - 1 {
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
}

/// Sends the chunks of one channel to one subscriber, until it takes no more. Answers what became of the last.
fn send(link: &Link, channel: &Channel, chunks: &[Chunk], figures: &Figures) -> Sent {
    let mut last = Sent::Written;
    for chunk in chunks {
        let mark = (chunk.first_n > 0).then_some((channel, chunk.first_n));
        last = link.send(&chunk.bytes, chunk.frames, chunk.class, mark);
        figures.sent(last, chunk.frames);
        if matches!(last, Sent::Closed | Sent::TooSlow) {
            break;
        }
    }
    last
}
