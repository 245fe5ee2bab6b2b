//! From the deliveries of a drain to one write for each subscriber.
//!
//! Deliveries of one channel are joined once for all its subscribers ([`run`](super::run)). When a drain holds several channels, what a
//! connection gets of all of them goes out in one write, in the order of the channels' first deliveries; within a
//! channel the hub's order holds.

use super::{
    Intake, Shard,
    mail::{Batch, Mail},
    sockets::Sockets,
    subscriber::{ChannelState, Share, Subscriber},
};
use crate::{
    connection::Connection,
    delivery::{self, Delivery},
    frame::Agreement,
    link::Sent,
    metrics::Tally,
    outbox::{Bounds, Parcel},
    trace::Writes,
};
use fanfare_proto::Channel;
use std::sync::Arc;

/// Writes between two looks at the sockets and at the rest of the node: a thousand writes are about 10 ms, and pings
/// must not wait that long.
pub(super) const WRITES_PER_TURN: usize = 64;

/// The deliveries of one channel in this drain.
type Pending = (u32, Vec<Arc<Delivery>>);

impl Tally {
    /// Sends parcels to one connection, and counts what became of them.
    pub(super) fn send<'a>(
        &mut self,
        conn: &mut Connection,
        parcels: impl Iterator<Item = &'a Parcel> + Clone,
        bounds: Bounds,
    ) -> Sent {
        let before = conn.link.queued_bytes();
        let sent = conn.link.send(parcels.clone(), bounds);
        let (mut frames, mut bytes) = (0, 0);
        for parcel in parcels {
            frames += parcel.frames as u64;
            bytes += parcel.bytes.len() as u64;
        }
        self.writes += 1;
        match sent {
            Sent::Written => self.written += frames,
            Sent::Queued => self.queued += frames,
            Sent::TooSlow => self.too_slow += frames,
            Sent::Closed | Sent::Broken => {}
        }
        if matches!(sent, Sent::Written | Sent::Queued) {
            self.bytes += bytes;
        }
        if sent != Sent::Written {
            self.queued_bytes += conn.link.queued_bytes() - before;
        }
        sent
    }
}

impl Shard {
    /// Sends what is pending. Once nothing else of a drain is left to do, `is_last`, what comes meanwhile may go along.
    pub(super) async fn flush(&mut self, intake: &mut Intake, is_last: bool) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut tally = Tally::default();
        match &mut pending[..] {
            [] => {}
            [(channel, deliveries)] => {
                let deliveries = std::mem::take(deliveries);
                self.fan_out(*channel, deliveries, intake, is_last, &mut tally)
                    .await;
            }
            several => {
                self.fan_out_together(several, &mut intake.sockets, &mut tally)
                    .await;
            }
        }
        self.node.figures.sent(&tally);
        // Keeps the allocation for the next drain.
        pending.clear();
        self.pending = pending;
    }

    /// Sends the deliveries of several channels: one write for each connection, whatever it reads of them.
    async fn fan_out_together(
        &mut self,
        pending: &[Pending],
        sockets: &mut Sockets,
        tally: &mut Tally,
    ) {
        let mut mail = Mail::default();
        let mut borrowed = Vec::with_capacity(pending.len());
        for (channel, deliveries) in pending {
            let writes = Writes::begin(deliveries, self.index);
            let subscribers = self.borrow_subscribers(*channel);
            let subscribers = subscribers.map(|(name, mut subscribers)| {
                self.post(
                    &mut mail,
                    borrowed.len(),
                    &name,
                    deliveries,
                    &mut subscribers,
                );
                (subscribers, 0, writes)
            });
            borrowed.push(subscribers);
        }
        let bounds = self.node.bounds();
        let mut own = Vec::new();
        for (index, slot) in mail.slots.iter().enumerate() {
            let Some(conn) = self.conns.get_mut(*slot as usize) else {
                continue;
            };
            mail.collect(conn, &mut own);
            let sent = tally.send(conn, mail.parcels(&own), bounds);
            if matches!(sent, Sent::Written | Sent::Queued) {
                for batch in &own {
                    let channel = mail.batches[*batch as usize].channel;
                    if let Some((_, live, _)) = &mut borrowed[channel] {
                        *live += 1;
                    }
                }
            } else {
                self.unsent(*slot, sent);
            }
            if index % WRITES_PER_TURN == WRITES_PER_TURN - 1 {
                self.pause(sockets).await;
            }
        }
        for ((channel, deliveries), borrowed) in pending.iter().zip(borrowed) {
            if let Some((subscribers, live, writes)) = borrowed {
                self.give_back(*channel, subscribers);
                self.note(*channel, deliveries, live, writes);
            }
        }
    }

    /// Posts the deliveries of one channel, the drain's `of_channel`th, to its subscribers.
    fn post(
        &mut self,
        mail: &mut Mail,
        of_channel: usize,
        name: &Channel,
        deliveries: &[Arc<Delivery>],
        subscribers: &mut [Subscriber],
    ) {
        let figures = &self.node.figures;
        let join = |deliveries: &[Arc<Delivery>], agreement| {
            let deliveries = deliveries.iter().map(Arc::as_ref);
            Batch {
                channel: of_channel,
                parcels: delivery::join(name, deliveries, agreement, figures),
            }
        };
        // For all subscribers, by their agreement: few.
        let mut shared: Vec<(Option<Agreement>, usize)> = Vec::new();
        let mixed = is_mixed(deliveries);
        for subscriber in subscribers {
            let Some(conn) = self.conns.get_mut(subscriber.slot as usize) else {
                continue;
            };
            let share = subscriber.share(deliveries, reader(conn, mixed));
            let agreement = conn.agreement;
            let batch = match share {
                Share::Nothing => continue,
                Share::All => match shared.iter().find(|(own, _)| *own == agreement) {
                    Some((_, batch)) => *batch,
                    None => {
                        let batch = mail.add(join(deliveries, agreement));
                        shared.push((agreement, batch));
                        batch
                    }
                },
                Share::Some(news) => mail.add(join(&news, agreement)),
            };
            mail.post(conn, subscriber.slot, batch);
        }
    }

    /// Gives everybody else on the node a turn, and the shard's own sockets.
    pub(super) async fn pause(&mut self, sockets: &mut Sockets) {
        tokio::task::yield_now().await;
        self.serve_between(sockets);
    }

    /// What follows for a connection that took nothing.
    pub(super) fn unsent(&mut self, slot: u32, sent: Sent) {
        if let Some(key) = self.key(slot) {
            self.sent(key, sent);
        }
    }

    /// Takes a channel's subscribers out while they are written to: nothing changes who they are meanwhile.
    pub(super) fn borrow_subscribers(
        &mut self,
        channel: u32,
    ) -> Option<(Channel, Vec<Subscriber>)> {
        let state = self.channels.get_mut(channel)?;
        let subscribers = std::mem::take(&mut state.subscribers);
        Some((state.channel.clone(), subscribers))
    }

    pub(super) fn give_back(&mut self, channel: u32, subscribers: Vec<Subscriber>) {
        if let Some(state) = self.channels.get_mut(channel) {
            state.subscribers = subscribers;
        }
    }

    /// Notes that so many sockets took `deliveries`, which ends their `writes`.
    pub(super) fn note(
        &mut self,
        channel: u32,
        deliveries: &[Arc<Delivery>],
        live: u32,
        writes: Writes,
    ) {
        writes.end(live);
        let Some(state) = self.channels.get_mut(channel) else {
            return;
        };
        let ChannelState { channel, last, .. } = state;
        let now_ms = self.node.clock.now_ms();
        for delivery in deliveries {
            if delivery.position.n > 0 {
                *last = delivery.position;
            }
            let trace = delivery.trace.as_ref().map(|trace| trace.id());
            let took_ms = now_ms - delivery.created_at_ms;
            self.node.figures.latency(took_ms, trace);
            if delivery.trail && live > 0 {
                let n = delivery.position.n;
                self.node.reports.written(channel, n, now_ms, live);
            }
        }
    }
}

/// Whether some of them are not for everybody.
pub(super) fn is_mixed(deliveries: &[Arc<Delivery>]) -> bool {
    deliveries.iter().any(|delivery| !delivery.is_for_all())
}

/// Who reads, if that matters.
pub(super) fn reader(conn: &Connection, mixed: bool) -> Option<&str> {
    mixed.then(|| conn.session.user().unwrap_or_default())
}
