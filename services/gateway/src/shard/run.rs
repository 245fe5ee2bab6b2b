//! The fan-out of one channel, which takes along what comes while it lasts.
//!
//! A write costs the same whatever it carries, and a thousand of them are some milliseconds, in which a burst goes on. Who
//! has not had his turn gets all of it in one write. Those who have get the rest in a second one, and nobody gets a third:
//! what comes later than that waits for the next drain.

use super::{
    Input, Intake, Shard,
    fan_out::{WRITES_PER_TURN, is_mixed, reader},
    subscriber::{Share, Subscriber},
};
use crate::{
    delivery::{Delivery, Joined},
    link::Sent,
    metrics::Tally,
    trace::Writes,
};
use fanfare_proto::Channel;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Times that more is taken along. Each makes a part of the subscribers that gets the rest in frames of its own.
const PARTS: usize = 32;

/// Deliveries that came together.
struct Part {
    deliveries: Vec<Arc<Delivery>>,
    /// Subscribers that had had their turn by then.
    behind: usize,
    /// Sockets that took them.
    live: u32,
    writes: Writes,
}

impl Shard {
    /// Sends the deliveries of one channel, and, if `takes_more`, what more of it comes meanwhile.
    pub(super) async fn fan_out(
        &mut self,
        channel: u32,
        deliveries: Vec<Arc<Delivery>>,
        intake: &mut Intake,
        takes_more: bool,
        tally: &mut Tally,
    ) {
        let writes = Writes::begin(&deliveries, self.index);
        let Some((name, mut subscribers)) = self.borrow_subscribers(channel) else {
            return;
        };
        let mut parts = vec![Part {
            deliveries,
            behind: 0,
            live: 0,
            writes,
        }];
        let mut served = 0;
        while served < subscribers.len() {
            let waiting = &mut subscribers[served..];
            let more_of = (takes_more && parts.len() < PARTS).then_some(channel);
            let (count, more) = self
                .turns(&name, waiting, &mut parts, more_of, intake, tally)
                .await;
            served += count;
            parts.extend(more.map(|deliveries| Part {
                writes: Writes::begin(&deliveries, self.index),
                deliveries,
                behind: served,
                live: 0,
            }));
        }
        for first in 1..parts.len() {
            let late = parts[first - 1].behind..parts[first].behind;
            let (parts, late) = (&mut parts[first..], &mut subscribers[late]);
            self.turns(&name, late, parts, None, intake, tally).await;
        }
        self.give_back(channel, subscribers);
        for part in parts {
            self.note(channel, &part.deliveries, part.live, part.writes);
        }
    }

    /// Sends all of `parts` to each of `subscribers`, until more of `more_of` comes; answers how many had their turn, and
    /// what came.
    async fn turns(
        &mut self,
        name: &Channel,
        subscribers: &mut [Subscriber],
        parts: &mut [Part],
        more_of: Option<u32>,
        intake: &mut Intake,
        tally: &mut Tally,
    ) -> (usize, Option<Vec<Arc<Delivery>>>) {
        let figures = Arc::clone(&self.node.figures);
        let all: Vec<Arc<Delivery>> = parts
            .iter()
            .flat_map(|part| part.deliveries.iter().cloned())
            .collect();
        let mut joined = Joined::new(name, &all, &figures);
        let mixed = is_mixed(&all);
        let mut served = 0;
        while served < subscribers.len() {
            let end = subscribers.len().min(served + WRITES_PER_TURN);
            for subscriber in &mut subscribers[served..end] {
                if self.send_share(name, subscriber, (&all, mixed), &mut joined, tally) {
                    for part in &mut *parts {
                        part.live += 1;
                    }
                }
            }
            if end - served == WRITES_PER_TURN {
                self.pause(&mut intake.sockets).await;
            }
            served = end;
            if let Some(channel) = more_of.filter(|_| served < subscribers.len()) {
                let more = self.more(channel, &mut intake.inputs);
                if !more.is_empty() {
                    return (served, Some(more));
                }
            }
        }
        (served, None)
    }

    /// Whether the subscriber's socket took its share, or will.
    fn send_share(
        &mut self,
        name: &Channel,
        subscriber: &mut Subscriber,
        (deliveries, mixed): (&[Arc<Delivery>], bool),
        joined: &mut Joined<'_>,
        tally: &mut Tally,
    ) -> bool {
        let bounds = self.node.bounds();
        let Some(conn) = self.conns.get_mut(subscriber.slot as usize) else {
            return false;
        };
        let share = subscriber.share(deliveries, reader(conn, mixed));
        let sent = match &share {
            Share::Nothing => return false,
            Share::All => {
                let parcels = joined.parcels(conn.agreement);
                tally.send(conn, parcels.iter(), bounds)
            }
            Share::Some(news) => {
                let mut joined = Joined::new(name, news, &self.node.figures);
                let parcels = joined.parcels(conn.agreement);
                tally.send(conn, parcels.iter(), bounds)
            }
        };
        let took = matches!(sent, Sent::Written | Sent::Queued);
        if !took {
            self.unsent(subscriber.slot, sent);
        }
        took
    }

    /// The deliveries of `channel` that are next in the queue. What else is there keeps its place.
    fn more(&mut self, channel: u32, inputs: &mut mpsc::Receiver<Input>) -> Vec<Arc<Delivery>> {
        let mut more = Vec::new();
        while self.next.is_none()
            && more.len() < super::DRAIN
            && let Ok(input) = inputs.try_recv()
        {
            match input {
                Input::Deliver(own, delivery) if own == channel => more.push(delivery),
                other => self.next = Some(other),
            }
        }
        more
    }
}
