//! Following the log: records in order, gaps filled before what comes after them.

use super::{Found, Hub, Place};
use crate::{channel::Phase, delivery::Delivery, outbox::Class, replay};
use fanfare_bus::log::{Head, Record, Tailed};
use fanfare_proto::{Channel, Position};
use std::sync::Arc;

impl Hub {
    pub(super) async fn tailed(&mut self, tailed: Tailed) {
        match tailed {
            Tailed::Record(record) => self.record(record).await,
            Tailed::Lagged => {
                self.figures.lagged.inc();
                self.audit();
            }
        }
    }

    async fn record(&mut self, record: Record) {
        let Some(active) = self.channels.get_mut(&record.channel) else {
            return;
        };
        if let Some(mut buffer) = active.buffer() {
            buffer.push(record);
            return;
        }
        if record.position.seq <= active.have.seq {
            return;
        }
        if record.prev_seq > active.have.seq {
            let (channel, upto) = (record.channel.clone(), record.position);
            self.repair(channel, upto, vec![record]);
            return;
        }
        self.deliver(&record).await;
    }

    /// Delivers the next record of its channel.
    async fn deliver(&mut self, record: &Record) {
        let Some(active) = self.channels.get_mut(&record.channel) else {
            return;
        };
        active.have = record.position;
        let epoch = self.log.epoch(&record.channel);
        if let Some(delivery) = Delivery::of_record(record, epoch) {
            self.figures.messages.inc();
            active.send(&self.shards, Arc::new(delivery)).await;
        }
    }

    /// Reads what lies between what was delivered and `upto`, then goes on with `buffered`.
    fn repair(&mut self, channel: Channel, upto: Position, buffered: Vec<Record>) {
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        self.figures.repairs.inc();
        active.phase = Phase::Repairing(Box::new(buffered));
        let after = active.have;
        let place = Place {
            channel,
            id: active.id,
        };
        self.read_gap(place, after, upto);
    }

    /// Reads one page of a gap.
    fn read_gap(&self, place: Place, after: Position, upto: Position) {
        let log = Arc::clone(&self.log);
        let repairs = Arc::clone(&self.repairs);
        self.reads.push(Box::pin(async move {
            let _permit = repairs.acquire().await;
            let outcome = replay::step(&*log, &place.channel, after, upto).await;
            Found::Missed(place, upto, outcome)
        }));
    }

    pub(super) async fn found(&mut self, found: Found) {
        match found {
            Found::Head(place, head) if self.is_current(&place) => self.opened(place, head).await,
            Found::Missed(place, upto, Ok(step)) if self.is_current(&place) => {
                for record in &step.records {
                    self.deliver(record).await;
                }
                if step.more {
                    self.read_gap(place, step.position, upto);
                } else {
                    self.settle(place.channel, upto).await;
                }
            }
            Found::Missed(place, _, Err(error)) if self.is_current(&place) => {
                self.reset(&place.channel, replay::reset_reason(&error))
                    .await;
                if let Some(active) = self.channels.get_mut(&place.channel) {
                    let buffered = active.take_buffer();
                    active.phase = Phase::opening(Vec::new(), buffered);
                    self.open_channel(place);
                }
            }
            Found::Heads(heads) => {
                self.audits -= 1;
                for (channel, head) in heads {
                    let behind = self.channels.get(&channel).is_some_and(|active| {
                        matches!(active.phase, Phase::Live) && head.last.seq > active.have.seq
                    });
                    if behind {
                        self.repair(channel, head.last, Vec::new());
                    }
                }
                if self.audits == 0 && std::mem::take(&mut self.audit_again) {
                    self.audit();
                }
            }
            Found::Head(..) | Found::Missed(..) => {}
        }
    }

    fn is_current(&self, place: &Place) -> bool {
        self.channels
            .get(&place.channel)
            .is_some_and(|active| active.id == place.id)
    }

    async fn opened(&mut self, place: Place, head: Head) {
        let channel = place.channel;
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        let Phase::Opening(opening) = &mut active.phase else {
            return;
        };
        let waiting = std::mem::take(&mut opening.waiting);
        active.have = active.have.max(head.last);
        for request in waiting {
            self.welcome(&channel, request).await;
        }
        self.settle(channel, head.last).await;
    }

    /// The channel stands at `upto`: live again, after what was buffered meanwhile.
    async fn settle(&mut self, channel: Channel, upto: Position) {
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        active.have = active.have.max(upto);
        let overflowed = active.overflowed();
        let buffered = active.take_buffer();
        active.phase = Phase::Live;
        for record in buffered {
            self.record(record).await;
        }
        if overflowed {
            self.audit_some(vec![channel]);
        }
    }

    async fn reset(&mut self, channel: &Channel, reason: &'static str) {
        tracing::warn!(%channel, reason, "a gap cannot be filled; subscribers are told");
        let Some(active) = self.channels.get(channel) else {
            return;
        };
        let now_ms = self.clock.now_ms();
        let text = crate::frames::reset(channel, reason, now_ms);
        let delivery = Delivery::unstored(&text, Class::Kept, now_ms);
        active.send(&self.shards, Arc::new(delivery)).await;
    }
}
