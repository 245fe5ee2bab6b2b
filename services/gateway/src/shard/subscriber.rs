//! Who reads a channel on this shard, and what is held for those who still replay.

use super::{ChannelState, Key, Place, Reading, Shard};
use crate::{
    delivery::{self, Delivery},
    hub::Progress,
};
use fanfare_proto::Position;
use std::sync::Arc;

/// Deliveries held for one subscriber that is still replaying; beyond, it replays further instead, at its own pace.
const HELD: usize = 1_000;

/// Bytes held likewise: what is let go at once must fit the smallest queue.
const HELD_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) slot: u32,
    /// What it came back with, which may be ahead of this node: nothing up to here is sent again.
    pub(super) have_n: u64,
    /// Exists while the subscriber replays.
    pub(super) held: Option<Box<Held>>,
}

#[derive(Debug, Default)]
pub(super) struct Held {
    deliveries: Vec<Arc<Delivery>>,
    bytes: usize,
    overflowed: bool,
}

impl Subscriber {
    /// Those of `deliveries` that the subscriber does not have.
    pub(super) fn news<'a>(
        &self,
        deliveries: &'a [Arc<Delivery>],
    ) -> impl Iterator<Item = &'a Delivery> {
        let have_n = self.have_n;
        deliveries
            .iter()
            .map(Arc::as_ref)
            .filter(move |delivery| delivery.position.n == 0 || delivery.position.n > have_n)
    }
}

impl Shard {
    pub(super) fn attach(&mut self, reading: Reading, progress: Arc<Progress>) {
        let Reading {
            channel,
            key,
            serial,
        } = reading;
        self.leave(key, channel);
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
        let index = u32::try_from(state.subscribers.len()).unwrap_or(u32::MAX);
        conn.readings.push(Place {
            channel,
            index,
            serial,
        });
        state.subscribers.push(Subscriber {
            slot: key.slot,
            have_n: 0,
            held: Some(Box::default()),
        });
    }

    /// Ends one reading; one that another has replaced has ended already.
    pub(super) fn detach(&mut self, reading: Reading) {
        if self.place(reading).is_some() {
            self.leave(reading.key, reading.channel);
        }
    }

    /// Ends whatever reading a connection has of a channel.
    pub(super) fn leave(&mut self, key: Key, channel: u32) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        let Some(at) = conn
            .readings
            .iter()
            .position(|place| place.channel == channel)
        else {
            return;
        };
        let index = conn.readings.swap_remove(at).index;
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        state.subscribers.swap_remove(index as usize);
        if let Some(moved) = state.subscribers.get(index as usize)
            && let Some(conn) = self.conns.get_mut(moved.slot as usize)
            && let Some(place) = conn
                .readings
                .iter_mut()
                .find(|place| place.channel == channel)
        {
            place.index = index;
        }
        if state.subscribers.is_empty() {
            self.channels.remove(&channel);
        }
    }

    /// Lets the held deliveries go. `None`: the reading has ended; `Some(Some(…))`: too much was held, replay up to
    /// there first.
    pub(super) fn go_live(&mut self, reading: Reading, have_n: u64) -> Option<Option<Position>> {
        let index = self.place(reading)?.index;
        let state = self.channels.get_mut(&reading.channel)?;
        let subscriber = state.subscribers.get_mut(index as usize)?;
        subscriber.have_n = have_n;
        let held = subscriber.held.take()?;
        if held.overflowed {
            subscriber.held = Some(Box::default());
            return Some(Some(state.last));
        }
        let link = &self.conns.get(reading.key.slot as usize)?.link;
        let chunks = delivery::join(subscriber.news(&held.deliveries));
        super::send(link, &state.progress.channel, &chunks, &self.common.figures);
        Some(None)
    }

    fn place(&mut self, reading: Reading) -> Option<Place> {
        let conn = self.conn(reading.key)?;
        let own =
            |place: &&Place| place.channel == reading.channel && place.serial == reading.serial;
        conn.readings.iter().find(own).copied()
    }
}

impl Held {
    pub(super) fn hold(&mut self, deliveries: &[Arc<Delivery>]) {
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
