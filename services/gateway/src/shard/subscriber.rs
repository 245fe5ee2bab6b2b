//! Who reads a channel on this shard, and what is held for those who still replay.

use crate::{delivery::Delivery, system::Watching};
use fanfare_proto::{Channel, Position};
use std::sync::Arc;

/// Deliveries held for one subscriber that is still replaying; beyond, it replays further instead, at its own pace.
const HELD: usize = 1_000;

/// Bytes held likewise: what is let go at once must fit the smallest queue.
const HELD_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct ChannelState {
    pub(super) channel: Channel,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) last: Position,
    /// Of `system:metrics`: keeps the figures coming.
    _watching: Option<Watching>,
}

/// The channels that are read on a shard, by the hub's slots, which are dense: an index costs less than a map, a third of
/// which is empty.
#[derive(Debug, Default)]
pub(super) struct Channels {
    states: Vec<Option<Box<ChannelState>>>,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) slot: u32,
    /// It is shown to the channel's others, and told who they are.
    pub(super) present: bool,
    /// Exists until the subscriber and the channel are at one.
    pub(super) late: Option<Box<Late>>,
}

#[derive(Debug, Default)]
pub(super) struct Late {
    /// What it came back with, which may be ahead of this node: nothing up to here is sent again.
    pub(super) have_n: u64,
    /// Exists while the subscriber replays.
    pub(super) held: Option<Held>,
}

#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) deliveries: Vec<Arc<Delivery>>,
    bytes: usize,
    pub(super) overflowed: bool,
}

/// What a subscriber gets of some deliveries.
pub(super) enum Share {
    All,
    /// Nothing now: they are held, or it has them.
    Nothing,
    Some(Vec<Arc<Delivery>>),
}

impl Channels {
    pub(super) fn get(&self, slot: u32) -> Option<&ChannelState> {
        self.states.get(slot as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut ChannelState> {
        self.states.get_mut(slot as usize)?.as_deref_mut()
    }

    pub(super) fn get_or_add(
        &mut self,
        slot: u32,
        state: impl FnOnce() -> ChannelState,
    ) -> &mut ChannelState {
        let slot = slot as usize;
        if self.states.len() <= slot {
            self.states.resize_with(slot + 1, || None);
        }
        self.states[slot].get_or_insert_with(|| Box::new(state()))
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if let Some(state) = self.states.get_mut(slot as usize) {
            *state = None;
        }
    }
}

impl ChannelState {
    pub(super) const fn new(channel: Channel, last: Position, watching: Option<Watching>) -> Self {
        Self {
            channel,
            subscribers: Vec::new(),
            last,
            _watching: watching,
        }
    }

    /// Adds a subscriber; answers its place.
    pub(super) fn add(&mut self, slot: u32, late: Option<Box<Late>>) -> u32 {
        let index = u32::try_from(self.subscribers.len()).unwrap_or(u32::MAX);
        if self.subscribers.is_empty() {
            // The channel of one user mostly has one reader.
            self.subscribers.reserve_exact(1);
        }
        self.subscribers.push(Subscriber {
            slot,
            present: false,
            late,
        });
        index
    }
}

impl Subscriber {
    /// Takes this subscriber's share of `deliveries`. `mixed`: some of them are for watchers of presence only.
    pub(super) fn share(&mut self, deliveries: &[Arc<Delivery>], mixed: bool) -> Share {
        if mixed && !self.present {
            let for_all: Vec<Arc<Delivery>> = deliveries
                .iter()
                .filter(|delivery| !delivery.for_watchers)
                .cloned()
                .collect();
            return match self.share_of_all(&for_all) {
                Share::All if for_all.is_empty() => Share::Nothing,
                Share::All => Share::Some(for_all),
                share => share,
            };
        }
        self.share_of_all(deliveries)
    }

    fn share_of_all(&mut self, deliveries: &[Arc<Delivery>]) -> Share {
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

    pub(super) fn is_live(&self) -> bool {
        self.late.as_ref().is_none_or(|late| late.held.is_none())
    }
}

impl Late {
    /// Of one that has yet to replay.
    pub(super) fn holding() -> Box<Self> {
        Box::new(Self {
            have_n: 0,
            held: Some(Held::default()),
        })
    }

    /// Those of `deliveries` that the subscriber does not have.
    pub(super) fn news(&self, deliveries: &[Arc<Delivery>]) -> Vec<Arc<Delivery>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Class;

    fn subscriber(present: bool) -> Subscriber {
        Subscriber {
            slot: 0,
            present,
            late: None,
        }
    }

    #[test]
    fn presence_costs_a_subscriber_nothing() {
        assert_eq!(
            size_of::<Subscriber>(),
            size_of::<(u32, Option<Box<Late>>)>()
        );
    }

    #[test]
    fn what_is_for_watchers_reaches_them_only() {
        let for_all = Arc::new(Delivery::unstored(b"a", Class::Kept, 0));
        let for_watchers = Arc::new(Delivery::of_presence(b"w", 0));
        let both = [Arc::clone(&for_all), Arc::clone(&for_watchers)];
        assert!(matches!(subscriber(true).share(&both, true), Share::All));
        let Share::Some(share) = subscriber(false).share(&both, true) else {
            panic!("it gets the one that is for all");
        };
        assert_eq!(share.len(), 1);
        assert!(Arc::ptr_eq(&share[0], &for_all));
        let only = [for_watchers];
        let share = subscriber(false).share(&only, true);
        assert!(matches!(share, Share::Nothing));
        let mut late = subscriber(false);
        late.late = Some(Late::holding());
        assert!(matches!(late.share(&both, true), Share::Nothing));
        let held = late.late.and_then(|late| late.held).unwrap();
        assert_eq!(held.deliveries.len(), 1);
    }
}
