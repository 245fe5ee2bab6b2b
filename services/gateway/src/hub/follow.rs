//! Following the log: records in order, gaps filled before what comes after them.

use super::{Found, Hub, Place};
use crate::{
    channel::Phase,
    delivery::Delivery,
    metrics::{Cause, Gap},
    outbox::Class,
    replay,
};
use fanfare_bus::log::{Head, Record, Tailed};
use fanfare_proto::Position;
use fanfare_telemetry::metrics::Label as _;
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
        let Some(slot) = self.channels.find(record.channel.name()) else {
            return;
        };
        let active = &mut self.channels[slot];
        if let Some(mut buffer) = active.buffer() {
            buffer.push(record);
            return;
        }
        if record.position.seq <= active.have.seq {
            return;
        }
        if record.prev_seq > active.have.seq {
            return self.repair(slot, record.position, vec![record], Cause::Record);
        }
        self.deliver(slot, &record).await;
    }

    /// Delivers the next record of the channel in this slot.
    async fn deliver(&mut self, slot: u32, record: &Record) {
        let active = &mut self.channels[slot];
        let before = std::mem::replace(&mut active.have, record.position);
        let epoch = self.log.epoch(&record.channel);
        if let Some(delivery) = Delivery::of_record(record, epoch, &self.traces) {
            self.figures.messages.inc();
            self.figures
                .heard(self.clock.now_ms() - delivery.created_at_ms);
            let delivery = Arc::new(delivery);
            self.rings.push(&mut self.channels, slot, before, &delivery);
            self.channels[slot].send(slot, &self.shards, delivery).await;
        }
    }

    /// Reads what lies between what was delivered and `upto`, then goes on with `buffered`.
    fn repair(&mut self, slot: u32, upto: Position, buffered: Vec<Record>, cause: Cause) {
        self.figures.repairs.of(cause).inc();
        let active = &mut self.channels[slot];
        active.phase = Phase::Repairing(Box::new(buffered));
        let after = active.have;
        self.read_gap(self.place(slot), after, upto);
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
            Found::Opened(channels) => {
                for (place, head) in channels {
                    if self.is_current(&place) {
                        self.opened(place, head).await;
                    }
                }
            }
            Found::Missed(place, upto, Ok(step)) if self.is_current(&place) => {
                for record in &step.records {
                    self.deliver(place.slot, record).await;
                }
                if step.more {
                    self.read_gap(place, step.position, upto);
                } else {
                    self.settle(place.slot, upto).await;
                }
            }
            Found::Missed(place, _, Err(error)) if self.is_current(&place) => {
                self.reset(place.slot, replay::gap(&error)).await;
                let active = &mut self.channels[place.slot];
                let buffered = active.take_buffer();
                active.phase = Phase::opening(Vec::new(), buffered);
                self.open_channels(vec![place]);
            }
            Found::Heads(heads) => {
                self.audits -= 1;
                for (channel, head) in heads {
                    let is_behind = |slot: &u32| {
                        let active = &self.channels[*slot];
                        matches!(active.phase, Phase::Live) && head.last.seq > active.have.seq
                    };
                    let found = self.channels.find(channel.name());
                    if let Some(slot) = found.filter(is_behind) {
                        self.repair(slot, head.last, Vec::new(), Cause::Audit);
                    }
                }
                if self.audits == 0 && std::mem::take(&mut self.audit_again) {
                    self.audit();
                }
            }
            Found::Missed(..) => {}
        }
    }

    fn is_current(&self, place: &Place) -> bool {
        self.channels
            .get(place.slot)
            .is_some_and(|active| active.life == place.life)
    }

    async fn opened(&mut self, place: Place, head: Head) {
        let active = &mut self.channels[place.slot];
        let Phase::Opening(opening) = &mut active.phase else {
            return;
        };
        let waiting = std::mem::take(&mut opening.waiting);
        active.have = active.have.max(head.last);
        for request in waiting {
            self.welcome(place.slot, request).await;
        }
        self.settle(place.slot, head.last).await;
    }

    /// The channel stands at `upto`: live again, after what was buffered meanwhile.
    async fn settle(&mut self, slot: u32, upto: Position) {
        let active = &mut self.channels[slot];
        active.have = active.have.max(upto);
        let overflowed = active.overflowed();
        let buffered = active.take_buffer();
        active.phase = Phase::Live;
        let channel = active.channel.clone();
        for record in buffered {
            self.record(record).await;
        }
        if overflowed {
            self.audit_some(vec![channel]);
        }
    }

    async fn reset(&mut self, slot: u32, gap: Gap) {
        self.figures.resets.of(gap).inc();
        let reason = gap.as_str();
        self.rings.clear(&mut self.channels[slot]);
        let active = &self.channels[slot];
        let channel = &active.channel;
        tracing::warn!(%channel, reason, "a gap cannot be filled; subscribers are told");
        let now_ms = self.clock.now_ms();
        let text = crate::frames::reset(channel, reason, now_ms);
        let delivery = Delivery::unstored(&text, Class::Kept, now_ms);
        active.send(slot, &self.shards, Arc::new(delivery)).await;
    }
}
