//! Who reads a channel on this shard, and what is held for those who still replay.

use crate::{delivery::Delivery, presence::Watch, system::Watching};
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
    pub(super) watch: Watch,
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
            watch: Watch::No,
            late,
        });
        index
    }
}

impl Subscriber {
    /// Takes this subscriber's share of `deliveries`. `user`, when some of them are not for everybody: who it is.
    pub(super) fn share(&mut self, deliveries: &[Arc<Delivery>], user: Option<&str>) -> Share {
        let Some(user) = user else {
            return self.share_of_all(deliveries);
        };
        let watches = self.watch != Watch::No;
        let is_own = |delivery: &&Arc<Delivery>| delivery.is_for(user, watches);
        if deliveries.iter().all(|delivery| is_own(&delivery)) {
            return self.share_of_all(deliveries);
        }
        let own: Vec<Arc<Delivery>> = deliveries.iter().filter(is_own).cloned().collect();
        match self.share_of_all(&own) {
            Share::All if own.is_empty() => Share::Nothing,
            Share::All => Share::Some(own),
            share => share,
        }
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
    use fanfare_proto::wire::Event;

    fn subscriber(watch: Watch) -> Subscriber {
        Subscriber {
            slot: 0,
            watch,
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
        for watch in [Watch::Seen, Watch::Unseen] {
            let share = subscriber(watch).share(&both, Some("7"));
            assert!(matches!(share, Share::All));
        }
        let Share::Some(share) = subscriber(Watch::No).share(&both, Some("7")) else {
            panic!("it gets the one that is for all");
        };
        assert_eq!(share.len(), 1);
        assert!(Arc::ptr_eq(&share[0], &for_all));
        let only = [for_watchers];
        let share = subscriber(Watch::No).share(&only, Some("7"));
        assert!(matches!(share, Share::Nothing));
        let mut late = subscriber(Watch::No);
        late.late = Some(Late::holding());
        assert!(matches!(late.share(&both, Some("7")), Share::Nothing));
        let held = late.late.and_then(|late| late.held).unwrap();
        assert_eq!(held.deliveries.len(), 1);
    }

    #[test]
    fn what_is_not_for_a_user_does_not_reach_him() {
        let typing = Event {
            r#type: "typing".into(),
            except_user: "7".into(),
            ..Event::default()
        };
        let typing = Arc::new(Delivery::of_event(&typing, None));
        let for_all = Arc::new(Delivery::unstored(b"a", Class::Kept, 0));
        let both = [typing, Arc::clone(&for_all)];
        assert!(!both[0].is_for_all() && for_all.is_for_all());
        for watch in [Watch::No, Watch::Unseen, Watch::Seen] {
            let share = subscriber(watch).share(&both, Some("8"));
            assert!(matches!(share, Share::All));
            let Share::Some(share) = subscriber(watch).share(&both, Some("7")) else {
                panic!("he gets the one that is for all");
            };
            assert!(share.len() == 1 && Arc::ptr_eq(&share[0], &for_all));
            let share = subscriber(watch).share(&both[..1], Some("7"));
            assert!(matches!(share, Share::Nothing));
        }
    }
}
