//! Who reads a channel on this shard, and what is held for those who still replay.

use super::{ChannelState, Key, Shard};
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
    /// Exists while the subscriber replays.
    pub(super) held: Option<Box<Held>>,
}

#[derive(Debug, Default)]
pub(super) struct Held {
    deliveries: Vec<Arc<Delivery>>,
    bytes: usize,
    overflowed: bool,
}

impl Shard {
    pub(super) fn attach(&mut self, channel: u32, progress: Arc<Progress>, key: Key) {
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

    pub(super) fn detach(&mut self, channel: u32, key: Key) {
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

    pub(super) fn go_live(&mut self, channel: u32, key: Key) -> Option<Position> {
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
