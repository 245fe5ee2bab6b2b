//! A shard: it owns a part of the node's connections, their sockets included, and does everything for them in one task.
//!
//! Inputs of the hub, of calls and of the rest of the node come through one queue, so that a subscription begins at an
//! exact place between two deliveries. What was queued is drained at once, the frames of a channel are joined, and each
//! subscriber gets one write ([`fan_out`](Shard::flush)); in between the shard serves the sockets that are ready.
//!
//! Who reads what changes between two drains only. What a session decides while one is under way (to leave a channel,
//! to end) waits for its end.

mod control;
mod fan_out;
mod input;
mod leave;
mod life;
mod list;
mod mail;
mod reading;
mod run;
mod serve;
mod sockets;
mod subscriber;
mod timer;
mod turn;

pub(crate) use input::{Arrival, Control, Input, ShardHandle};
pub(crate) use list::Listing;
pub(crate) use turn::retry_after_ms;

use crate::{
    connection::{Connection, Phase},
    delivery::Delivery,
    frame,
    node::Node,
    outbox::{Class, Parcel},
    seat::{Key, Seat},
    wheel::Wheel,
};
use fanfare_lifecycle::Shutdown;
use fanfare_proto::Channel;
use mio::Registry;
use slab::Slab;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::mpsc;

use sockets::Sockets;
use subscriber::Channels;

/// Inputs taken at once. Bounds how long control waits behind deliveries.
const DRAIN: usize = 1_024;

/// Read at once. One buffer serves all connections of the shard: it holds nothing between two reads.
const READ_BYTES: usize = 64 * 1024;

pub(crate) struct Shard {
    index: u16,
    node: Arc<Node>,
    /// Where sockets are registered to be heard of.
    poll: Registry,
    conns: Slab<Connection>,
    generation: u32,
    channels: Channels,
    wheel: Wheel<Key>,
    ping: Parcel,
    buffer: Box<[u8]>,
    /// Deliveries of this drain, by channel in order of the first.
    pending: Vec<(u32, Vec<Arc<Delivery>>)>,
    /// Slots whose socket may have more to read: each gets one buffer a turn.
    unread: Vec<u32>,
    /// Readings that end when the drain has.
    leaving: Vec<(Key, Channel)>,
    /// Connections that end when the drain has.
    over: Vec<Key>,
    /// Taken from the queue already: it comes first in the next drain.
    next: Option<Input>,
}

/// Where a shard takes what it works on.
pub(crate) struct Sources {
    inputs: mpsc::Receiver<Input>,
    sockets: Sockets,
    poll: Registry,
}

/// What a shard listens to while it works.
struct Intake {
    inputs: mpsc::Receiver<Input>,
    sockets: Sockets,
}

impl Shard {
    /// What a shard is reached by, and what it takes.
    ///
    /// # Errors
    ///
    /// The system gives no poll.
    pub(crate) fn open() -> io::Result<(ShardHandle, Sources)> {
        let (sockets, poll) = Sockets::open()?;
        let (handle, inputs) = ShardHandle::new();
        let sources = Sources {
            inputs,
            sockets,
            poll,
        };
        Ok((handle, sources))
    }

    /// Works until the node's hard shutdown.
    pub(crate) async fn run(node: Arc<Node>, index: u16, sources: Sources, shutdown: Shutdown) {
        let Sources {
            inputs,
            sockets,
            poll,
        } = sources;
        let mut intake = Intake { inputs, sockets };
        let mut shard = Self::new(node, index, poll);
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut batch = Vec::new();
        loop {
            let has_unread = !shard.unread.is_empty();
            let has_next = shard.next.is_some();
            tokio::select! {
                () = shutdown.forced() => return,
                count = intake.inputs.recv_many(&mut batch, DRAIN), if !has_next => {
                    if count == 0 {
                        return;
                    }
                    shard.drain(&mut batch, &mut intake).await;
                }
                () = std::future::ready(()), if has_next => {
                    batch.extend(shard.next.take());
                    while batch.len() < DRAIN && let Ok(input) = intake.inputs.try_recv() {
                        batch.push(input);
                    }
                    shard.drain(&mut batch, &mut intake).await;
                }
                ready = intake.sockets.ready() => {
                    if let Err(error) = ready {
                        tracing::error!(%error, "a shard cannot hear its sockets");
                        return;
                    }
                    shard.serve(&intake.sockets);
                }
                () = tokio::task::yield_now(), if has_unread => shard.read_on(),
                _ = second.tick() => shard.tick(),
            }
            shard.settle();
        }
    }

    async fn drain(&mut self, batch: &mut Vec<Input>, intake: &mut Intake) {
        for input in batch.drain(..) {
            self.take(input, intake).await;
        }
        self.flush(intake, true).await;
    }

    fn new(node: Arc<Node>, index: u16, poll: Registry) -> Self {
        let now_s = node.uptime.seconds();
        Self {
            index,
            node,
            poll,
            conns: Slab::new(),
            generation: 0,
            channels: Channels::default(),
            wheel: Wheel::new(now_s),
            ping: Parcel::single(frame::ping(b""), Class::Ephemeral),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            pending: Vec::new(),
            unread: Vec::new(),
            leaving: Vec::new(),
            over: Vec::new(),
            next: None,
        }
    }

    async fn take(&mut self, input: Input, intake: &mut Intake) {
        // What changes who gets what waits for the deliveries before it.
        if input.changes_readers() {
            self.flush(intake, false).await;
            self.settle();
        }
        match input {
            Input::Deliver(channel, delivery) => self.post_later(channel, delivery),
            Input::Present(slot, channel, delivery) => {
                let state = self.channels.get(slot);
                if state.is_some_and(|state| state.channel == channel) {
                    self.post_later(slot, delivery);
                }
            }
            Input::Attach(number, reading, channel, head) => {
                self.attach(number, reading, channel, head);
            }
            Input::AttachLive(number, reading, channel, head) => {
                self.attach_live(number, reading, channel, head);
            }
            Input::Detach(reading) => self.detach(reading),
            Input::GoLive(reading, have_n, reply) => {
                if let Some(answer) = self.go_live(reading, have_n) {
                    // A subscriber that no longer waits is on its way out.
                    let _gone = reply.send(answer);
                }
            }
            Input::Arrive(arrival) => self.arrive(*arrival),
            Input::Completed(key, completed) => self.completed(key, completed),
            Input::Text(key, text) => self.send_text(key, text),
            Input::Begin {
                reading,
                from_n,
                text,
                watch,
            } => self.begin(reading, from_n, text, watch),
            Input::WhenDrained(key, done) => self.when_drained(key, done),
            Input::Replay(reading, parcel, done) => self.replay(reading, &parcel, done),
            Input::Replayed(reading, n) => self.replayed(reading, n),
            Input::Control(control) => self.control(control),
        }
    }

    /// Adds a delivery to this drain's.
    fn post_later(&mut self, channel: u32, delivery: Arc<Delivery>) {
        match self.pending.iter_mut().find(|(id, _)| *id == channel) {
            Some((_, deliveries)) => deliveries.push(delivery),
            None => self.pending.push((channel, vec![delivery])),
        }
    }

    /// Where a connection is, by its slot.
    fn key(&self, slot: u32) -> Option<Key> {
        let conn = self.conns.get(slot as usize)?;
        Some(Key {
            slot,
            generation: conn.generation,
        })
    }

    const fn seat(&self, key: Key) -> Seat {
        Seat {
            shard: self.index,
            key,
        }
    }

    fn conn(&mut self, key: Key) -> Option<&mut Connection> {
        let conn = self.conns.get_mut(key.slot as usize)?;
        let is_there = conn.generation == key.generation && !matches!(conn.phase, Phase::Over(_));
        is_there.then_some(conn)
    }
}

#[cfg(test)]
mod tests;
