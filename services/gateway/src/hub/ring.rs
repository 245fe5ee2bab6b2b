//! The last deliveries of the channels that are read here: what nearly everybody who comes back has missed.
//!
//! A client that reconnects was away for seconds. What it lacks was delivered here meanwhile, if anybody else reads the
//! channel, and is at hand as ready frames: thousands that come back at once cost the log nothing. What is too old for a
//! ring is read from the log.

use super::channels::Channels;
use crate::{channel::Active, delivery::Delivery, replay::Missed};
use fanfare_proto::Position;
use std::{collections::VecDeque, sync::Arc};

/// Deliveries of one channel: a minute of four a second. A busier one must not push out everybody else's.
const DELIVERIES: usize = 256;

/// What one delivery holds beside its frames, about.
const OVERHEAD_BYTES: usize = 256;

/// The last deliveries of one channel, in order, without a hole.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Where the channel stood before the first.
    from: Position,
    deliveries: VecDeque<Arc<Delivery>>,
}

impl Ring {
    /// What came after `since`; `None` when that is not known here.
    fn after(&self, since: Position) -> Option<impl Iterator<Item = &Arc<Delivery>>> {
        let skipped = if since == self.from {
            0
        } else {
            let at = self
                .deliveries
                .binary_search_by_key(&since.n, |own| own.position.n)
                .ok()?;
            if self.deliveries[at].position != since {
                return None;
            }
            at + 1
        };
        Some(self.deliveries.range(skipped..))
    }
}

impl Active {
    /// What a reader that stands at `since` has missed, if it is at hand.
    pub(crate) fn missed(&self, since: Position, now_ms: i64) -> Option<Missed> {
        if since == self.have {
            return Some(Missed {
                deliveries: Vec::new(),
                position: since,
            });
        }
        let after = self.ring.as_ref()?.after(since)?;
        let deliveries = after
            .filter(|own| own.expires_at_ms.is_none_or(|at_ms| at_ms > now_ms))
            .cloned()
            .collect();
        Some(Missed {
            deliveries,
            position: self.have,
        })
    }
}

/// Which delivery of a channel, in the order of all.
struct Held {
    slot: u32,
    life: u32,
    n: u64,
}

/// Bounds what all rings hold together: the oldest deliveries go first, whosever they are.
pub(super) struct Rings {
    limit_bytes: usize,
    bytes: usize,
    /// Deliveries in rings.
    held: usize,
    /// Of these, and of some that have gone with their channel.
    order: VecDeque<Held>,
}

impl Rings {
    pub(super) const fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            bytes: 0,
            held: 0,
            order: VecDeque::new(),
        }
    }

    /// Keeps what the channel in this slot delivers next; it stands at `before`.
    pub(super) fn push(
        &mut self,
        channels: &mut Channels,
        slot: u32,
        before: Position,
        delivery: &Arc<Delivery>,
    ) {
        if self.limit_bytes == 0 {
            return;
        }
        let active = &mut channels[slot];
        if delivery.supersedes {
            // What it takes back or replaces must not be sent to anybody any more.
            self.clear(active);
        }
        let ring = active.ring.get_or_insert_with(|| {
            Box::new(Ring {
                from: before,
                deliveries: VecDeque::new(),
            })
        });
        ring.deliveries.push_back(Arc::clone(delivery));
        self.held += 1;
        self.bytes += bytes(delivery);
        self.order.push_back(Held {
            slot,
            life: active.life,
            n: delivery.position.n,
        });
        if ring.deliveries.len() > DELIVERIES {
            self.pop(active);
        }
        while self.bytes > self.limit_bytes
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(active) = oldest.place(channels) {
                self.pop(active);
            }
        }
        self.tidy(channels);
    }

    /// Forgets what a channel delivered.
    pub(super) fn clear(&mut self, active: &mut Active) {
        if let Some(ring) = active.ring.take() {
            self.held -= ring.deliveries.len();
            self.bytes -= ring.deliveries.iter().map(bytes).sum::<usize>();
        }
    }

    fn pop(&mut self, active: &mut Active) {
        let Some(ring) = &mut active.ring else {
            return;
        };
        if let Some(delivery) = ring.deliveries.pop_front() {
            ring.from = delivery.position;
            self.held -= 1;
            self.bytes -= bytes(&delivery);
        }
        active.ring.take_if(|ring| ring.deliveries.is_empty());
    }

    /// Once most of the order is of deliveries that have gone, lets them go too.
    fn tidy(&mut self, channels: &mut Channels) {
        if self.order.len() > 2 * self.held + DELIVERIES {
            self.order.retain(|own| own.place(channels).is_some());
        }
    }
}

impl Held {
    /// The channel in whose ring this delivery still is.
    fn place<'a>(&self, channels: &'a mut Channels) -> Option<&'a mut Active> {
        let active = channels.get_mut(self.slot)?;
        let first = active.ring.as_ref()?.deliveries.front()?;
        (active.life == self.life && first.position.n <= self.n).then_some(active)
    }
}

fn bytes(delivery: &Arc<Delivery>) -> usize {
    // Twice, for the compressed form that may be in it too.
    2 * delivery.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Class;
    use fanfare_proto::Channel;

    fn at(n: u64) -> Position {
        Position { seq: 10 * n, n }
    }

    fn delivery(n: u64) -> Delivery {
        let mut delivery = Delivery::unstored(b"0123456789", Class::Kept, 0);
        delivery.position = at(n);
        delivery
    }

    /// A hub's channels and rings.
    struct House {
        channels: Channels,
        rings: Rings,
        lives: u32,
    }

    impl House {
        fn new(limit_bytes: usize) -> Self {
            Self {
                channels: Channels::default(),
                rings: Rings::new(limit_bytes),
                lives: 0,
            }
        }

        fn open(&mut self, name: &str) -> u32 {
            let channel = Channel::parse(name).unwrap();
            self.lives += 1;
            self.channels.add(Active::new(channel, self.lives))
        }

        fn deliver(&mut self, slot: u32, delivery: Delivery) {
            let active = &mut self.channels[slot];
            let before = std::mem::replace(&mut active.have, delivery.position);
            let delivery = Arc::new(delivery);
            self.rings.push(&mut self.channels, slot, before, &delivery);
        }

        /// The ordinals missed since `since`.
        fn missed(&self, slot: u32, since: Position) -> Option<Vec<u64>> {
            let missed = self.channels[slot].missed(since, 1_000)?;
            assert_eq!(missed.position, self.channels[slot].have);
            let ns = missed.deliveries.iter().map(|own| own.position.n);
            Some(ns.collect())
        }
    }

    #[test]
    fn what_came_after_a_position_is_at_hand() {
        let mut house = House::new(1 << 20);
        let slot = house.open("topic:a");
        house.channels[slot].have = at(4);
        assert_eq!(
            house.missed(slot, at(4)),
            Some(vec![]),
            "nothing was missed"
        );
        assert_eq!(house.missed(slot, at(3)), None);
        for n in [5, 6, 8] {
            house.deliver(slot, delivery(n));
        }
        assert_eq!(house.missed(slot, at(4)), Some(vec![5, 6, 8]));
        assert_eq!(house.missed(slot, at(6)), Some(vec![8]));
        assert_eq!(house.missed(slot, at(8)), Some(vec![]));
        for (since, why) in [
            (at(3), "older"),
            (at(7), "it was never delivered here"),
            (at(9), "ahead of this node"),
            (Position { seq: 61, n: 6 }, "another life's"),
        ] {
            assert_eq!(house.missed(slot, since), None, "{why}");
        }
    }

    #[test]
    fn what_has_expired_or_was_replaced_is_not_sent_again() {
        let mut house = House::new(1 << 20);
        let slot = house.open("topic:a");
        house.deliver(slot, delivery(1));
        let mut expiring = delivery(2);
        expiring.expires_at_ms = Some(1_000);
        house.deliver(slot, expiring);
        house.deliver(slot, delivery(3));
        assert_eq!(house.missed(slot, at(0)), Some(vec![1, 3]));
        let mut superseding = delivery(4);
        superseding.supersedes = true;
        house.deliver(slot, superseding);
        assert_eq!(
            house.missed(slot, at(0)),
            None,
            "the log knows what is left"
        );
        assert_eq!(house.missed(slot, at(3)), Some(vec![4]));
    }

    #[test]
    fn the_oldest_go_first_whosever_they_are() {
        let size = bytes(&Arc::new(delivery(1)));
        let mut house = House::new(4 * size);
        let (one, other) = (house.open("topic:a"), house.open("topic:b"));
        for n in 1..=3 {
            house.deliver(one, delivery(n));
            house.deliver(other, delivery(n));
        }
        assert_eq!(house.missed(one, at(0)), None);
        assert_eq!(house.missed(one, at(1)), Some(vec![2, 3]));
        assert_eq!(house.missed(other, at(1)), Some(vec![2, 3]));
        assert_eq!((house.rings.held, house.rings.bytes), (4, 4 * size));
    }

    #[test]
    fn a_channel_keeps_a_bounded_part_and_nothing_stays_of_those_who_left() {
        let mut house = House::new(1 << 30);
        let busy = house.open("topic:a");
        for n in 1..=10 * DELIVERIES as u64 {
            house.deliver(busy, delivery(n));
        }
        assert_eq!(house.rings.held, DELIVERIES);
        for _ in 0..10 * DELIVERIES {
            let slot = house.open("topic:b");
            house.deliver(slot, delivery(1));
            house.rings.clear(&mut house.channels[slot]);
            house.channels.remove(slot);
        }
        assert_eq!(house.rings.held, DELIVERIES);
        assert!(house.rings.order.len() <= 3 * DELIVERIES + 1);
        house.rings.clear(&mut house.channels[busy]);
        assert_eq!((house.rings.held, house.rings.bytes), (0, 0));
    }
}
