//! From the deliveries of a drain to one write for each subscriber.
//!
//! Deliveries of one channel are joined once for all its subscribers. When a drain holds several channels, what a
//! connection gets of all of them goes out in one write, in the order of the channels' first deliveries; within a
//! channel the hub's order holds.

use super::{
    Shard,
    sockets::Sockets,
    subscriber::{ChannelState, Share, Subscriber},
};
use crate::{
    connection::Connection,
    delivery::{self, Delivery, Joined},
    frame::Agreement,
    link::Sent,
    metrics::Tally,
    outbox::{Bounds, Parcel},
    seat::Key,
};
use fanfare_proto::Channel;
use std::sync::Arc;

/// Writes between two looks at the sockets and at the rest of the node: a thousand writes are about 10 ms, and pings
/// must not wait that long.
const WRITES_PER_TURN: usize = 64;

/// The deliveries of one channel in this drain.
type Pending = (u32, Vec<Arc<Delivery>>);

/// Parcels of one channel: for all its subscribers with one agreement about compression, or for one subscriber that has
/// some of them already.
struct Batch {
    channel: usize,
    parcels: Vec<Parcel>,
}

/// A batch on its way to one connection.
struct Letter {
    batch: u32,
    /// The letter before it to the same connection, counted from one; 0: none.
    before: u32,
}

impl Tally {
    /// Sends parcels of one channel.
    fn send(&mut self, conn: &mut Connection, parcels: &[Parcel], bounds: Bounds) -> Sent {
        let sent = conn.link.send(parcels.iter(), bounds);
        self.count(
            sent,
            parcels.iter().map(|parcel| parcel.frames as u64).sum(),
        );
        sent
    }

    fn count(&mut self, sent: Sent, frames: u64) {
        self.writes += 1;
        match sent {
            Sent::Written => self.written += frames,
            Sent::Queued => self.queued += frames,
            Sent::TooSlow => self.too_slow += frames,
            Sent::Closed | Sent::Broken => {}
        }
    }
}

impl Shard {
    /// Sends what is pending.
    pub(super) async fn flush(&mut self, sockets: &mut Sockets) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut tally = Tally::default();
        match &pending[..] {
            [] => {}
            [(channel, deliveries)] => {
                self.fan_out(*channel, deliveries, sockets, &mut tally)
                    .await;
            }
            several => self.fan_out_together(several, sockets, &mut tally).await,
        }
        self.node.figures.sent(&tally);
        // Keeps the allocation for the next drain.
        pending.clear();
        self.pending = pending;
    }

    /// Sends the deliveries of one channel.
    async fn fan_out(
        &mut self,
        channel: u32,
        deliveries: &[Arc<Delivery>],
        sockets: &mut Sockets,
        tally: &mut Tally,
    ) {
        let Some((name, mut subscribers)) = self.borrow_subscribers(channel) else {
            return;
        };
        let figures = Arc::clone(&self.node.figures);
        let mut joined = Joined::new(&name, deliveries, &figures);
        let bounds = self.node.bounds();
        let mut live = 0;
        for (index, subscriber) in subscribers.iter_mut().enumerate() {
            let share = subscriber.share(deliveries);
            let Some(conn) = self.conns.get_mut(subscriber.slot as usize) else {
                continue;
            };
            let sent = match &share {
                Share::Nothing => continue,
                Share::All => tally.send(conn, joined.parcels(conn.agreement), bounds),
                Share::Some(news) => {
                    let mut joined = Joined::new(&name, news, &figures);
                    tally.send(conn, joined.parcels(conn.agreement), bounds)
                }
            };
            live += u32::from(matches!(sent, Sent::Written | Sent::Queued));
            if !matches!(sent, Sent::Written | Sent::Queued) {
                self.unsent(subscriber.slot, sent);
            }
            if index % WRITES_PER_TURN == WRITES_PER_TURN - 1 {
                tokio::task::yield_now().await;
                self.serve_between(sockets);
            }
        }
        self.give_back(channel, subscribers, deliveries, live);
    }

    /// Sends the deliveries of several channels: one write for each connection, whatever it reads of them.
    async fn fan_out_together(
        &mut self,
        pending: &[Pending],
        sockets: &mut Sockets,
        tally: &mut Tally,
    ) {
        let figures = Arc::clone(&self.node.figures);
        let mut batches: Vec<Batch> = Vec::with_capacity(pending.len());
        let mut letters = Vec::new();
        let mut slots = Vec::new();
        let mut borrowed = Vec::with_capacity(pending.len());
        for (channel, deliveries) in pending {
            let Some((name, mut subscribers)) = self.borrow_subscribers(*channel) else {
                borrowed.push(None);
                continue;
            };
            let of_channel = borrowed.len();
            let join = |deliveries: &[Arc<Delivery>], agreement| Batch {
                channel: of_channel,
                parcels: delivery::join(
                    &name,
                    deliveries.iter().map(Arc::as_ref),
                    agreement,
                    &figures,
                ),
            };
            // For all subscribers, by their agreement: few. What is made for one subscriber goes behind them all.
            let mut shared: Vec<(Option<Agreement>, usize)> = Vec::new();
            for subscriber in &mut subscribers {
                let share = subscriber.share(deliveries);
                let Some(conn) = self.conns.get_mut(subscriber.slot as usize) else {
                    continue;
                };
                let agreement = conn.agreement;
                let batch = match share {
                    Share::Nothing => continue,
                    Share::All => match shared.iter().find(|(own, _)| *own == agreement) {
                        Some((_, batch)) => *batch,
                        None => {
                            shared.push((agreement, batches.len()));
                            batches.push(join(deliveries, agreement));
                            batches.len() - 1
                        }
                    },
                    Share::Some(news) => {
                        batches.push(join(&news, agreement));
                        batches.len() - 1
                    }
                };
                post(conn, subscriber.slot, batch, &mut letters, &mut slots);
            }
            borrowed.push(Some((subscribers, 0)));
        }
        let mut own = Vec::new();
        for (index, slot) in slots.iter().enumerate() {
            self.collect(*slot, &letters, &mut own);
            let sent = self.send_batches(*slot, &batches, &own, tally);
            if matches!(sent, Sent::Written | Sent::Queued) {
                for batch in &own {
                    let channel = batches[*batch as usize].channel;
                    if let Some((_, live)) = &mut borrowed[channel] {
                        *live += 1;
                    }
                }
            } else {
                self.unsent(*slot, sent);
            }
            if index % WRITES_PER_TURN == WRITES_PER_TURN - 1 {
                tokio::task::yield_now().await;
                self.serve_between(sockets);
            }
        }
        for ((channel, deliveries), borrowed) in pending.iter().zip(borrowed) {
            if let Some((subscribers, live)) = borrowed {
                self.give_back(*channel, subscribers, deliveries, live);
            }
        }
    }

    /// Takes a connection's mail out, in the order it was posted.
    fn collect(&mut self, slot: u32, letters: &[Letter], own: &mut Vec<u32>) {
        own.clear();
        let Some(conn) = self.conns.get_mut(slot as usize) else {
            return;
        };
        let mut at = std::mem::take(&mut conn.mail);
        while let Some(letter) = (at as usize).checked_sub(1).and_then(|at| letters.get(at)) {
            own.push(letter.batch);
            at = letter.before;
        }
        own.reverse();
    }

    fn send_batches(
        &mut self,
        slot: u32,
        batches: &[Batch],
        own: &[u32],
        tally: &mut Tally,
    ) -> Sent {
        let bounds = self.node.bounds();
        let Some(conn) = self.conns.get_mut(slot as usize) else {
            return Sent::Closed;
        };
        let parcels = own
            .iter()
            .flat_map(|batch| batches[*batch as usize].parcels.iter());
        let sent = conn.link.send(parcels.clone(), bounds);
        tally.count(sent, parcels.map(|parcel| parcel.frames as u64).sum());
        sent
    }

    /// What follows for a connection that took nothing.
    fn unsent(&mut self, slot: u32, sent: Sent) {
        if let Some(conn) = self.conns.get(slot as usize) {
            let key = Key {
                slot,
                generation: conn.generation,
            };
            self.sent(key, sent);
        }
    }

    /// Takes a channel's subscribers out while they are written to: nothing changes who they are meanwhile.
    fn borrow_subscribers(&mut self, channel: u32) -> Option<(Channel, Vec<Subscriber>)> {
        let state = self.channels.get_mut(&channel)?;
        let subscribers = std::mem::take(&mut state.subscribers);
        Some((state.channel.clone(), subscribers))
    }

    /// Puts the subscribers back and notes what they got.
    fn give_back(
        &mut self,
        channel: u32,
        subscribers: Vec<Subscriber>,
        deliveries: &[Arc<Delivery>],
        live: u32,
    ) {
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        state.subscribers = subscribers;
        let ChannelState { channel, last, .. } = &mut **state;
        let now_ms = self.node.clock.now_ms();
        for delivery in deliveries {
            if delivery.position.n > 0 {
                *last = delivery.position;
            }
            self.node.figures.latency(now_ms - delivery.created_at_ms);
            if delivery.trail && live > 0 {
                let n = delivery.position.n;
                self.node.reports.written(channel, n, now_ms, live);
            }
        }
    }
}

/// Puts a batch into a connection's mail.
fn post(
    conn: &mut Connection,
    slot: u32,
    batch: usize,
    letters: &mut Vec<Letter>,
    slots: &mut Vec<u32>,
) {
    if conn.mail == 0 {
        slots.push(slot);
    }
    letters.push(Letter {
        batch: u32::try_from(batch).unwrap_or(u32::MAX),
        before: conn.mail,
    });
    conn.mail = u32::try_from(letters.len()).unwrap_or(u32::MAX);
}
