//! One publication on its way to this node's subscribers: encoded once, shared by all of them.

use crate::{
    frame,
    outbox::{Class, Mark, Parcel},
};
use bytes::Bytes;
use fanfare_bus::log;
use fanfare_proto::{
    Channel, Cursor, Position, delivery,
    wire::{Entry, Event},
};
use prost::Message as _;

/// The wire bytes of one frame, and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// A whole WebSocket frame.
    pub(crate) bytes: Bytes,
    /// Zeroes for what is not stored.
    pub(crate) position: Position,
    pub(crate) class: Class,
    pub(crate) created_at_ms: i64,
    /// Whether its delivery is reported.
    pub(crate) trail: bool,
}

impl Delivery {
    /// Of a record of the log; `None` when it holds no entry, which is logged and skipped: one unreadable record must
    /// not stop its channel.
    pub(crate) fn of_record(record: &log::Record, epoch: u32) -> Option<Self> {
        let entry = Entry::decode(record.payload.as_ref())
            .inspect_err(|error| {
                tracing::error!(channel = %record.channel, n = record.position.n, %error, "a log record is unreadable");
            })
            .ok()?;
        let cursor = Cursor {
            epoch,
            position: record.position,
        };
        let text = delivery::entry_frame(&entry, &record.channel, cursor);
        Some(Self {
            bytes: frame::text(&text).into(),
            position: record.position,
            class: Class::Kept,
            created_at_ms: entry.created_at_ms,
            trail: entry.trail,
        })
    }

    /// Of an event nobody stores.
    pub(crate) fn of_event(event: &Event) -> Self {
        Self::unstored(
            &delivery::event_frame(event),
            Class::Ephemeral,
            event.created_at_ms,
        )
    }

    /// Of a text of this node's own.
    pub(crate) fn unstored(text: &[u8], class: Class, created_at_ms: i64) -> Self {
        Self {
            bytes: frame::text(text).into(),
            position: Position::default(),
            class,
            created_at_ms,
            trail: false,
        }
    }
}

/// Largest parcel that is joined, in bytes. A write costs the same whatever it carries up to about here, and a queue of
/// 1 MiB still takes many of them.
const PARCEL_BYTES: usize = 64 * 1024;

/// Joins `deliveries` of `channel`, in order, into as few parcels as their classes and [`PARCEL_BYTES`] allow.
pub(crate) fn join<'a>(
    channel: &Channel,
    deliveries: impl IntoIterator<Item = &'a Delivery>,
) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut joined: Vec<u8> = Vec::new();
    for delivery in deliveries {
        let bytes = &delivery.bytes;
        let mark = (delivery.position.n > 0).then(|| Mark {
            channel: channel.clone(),
            first_n: delivery.position.n,
        });
        if let Some(last) = parcels.last_mut() {
            let held = joined.len().max(last.bytes.len());
            if last.class == delivery.class && held + bytes.len() <= PARCEL_BYTES {
                if joined.is_empty() {
                    joined.extend_from_slice(&last.bytes);
                }
                joined.extend_from_slice(bytes);
                last.frames += 1;
                last.mark = last.mark.take().or(mark);
                continue;
            }
            seal(last, &mut joined);
        }
        parcels.push(Parcel {
            bytes: bytes.clone(),
            frames: 1,
            class: delivery.class,
            mark,
        });
    }
    if let Some(last) = parcels.last_mut() {
        seal(last, &mut joined);
    }
    parcels
}

fn seal(parcel: &mut Parcel, joined: &mut Vec<u8>) {
    if !joined.is_empty() {
        parcel.bytes = std::mem::take(joined).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(text: &[u8], class: Class, n: u64) -> Delivery {
        Delivery {
            bytes: Bytes::copy_from_slice(text),
            position: Position { seq: n, n },
            class,
            created_at_ms: 0,
            trail: false,
        }
    }

    #[test]
    fn frames_are_joined_in_order_within_a_class() {
        let deliveries = [
            delivery(b"a", Class::Kept, 1),
            delivery(b"b", Class::Kept, 2),
            delivery(b"e", Class::Ephemeral, 0),
            delivery(b"c", Class::Kept, 3),
        ];
        let parcels: Vec<_> = join(&Channel::all(), &deliveries)
            .into_iter()
            .map(|parcel| {
                let first_n = parcel.mark.map(|mark| mark.first_n);
                (parcel.bytes, parcel.frames, first_n)
            })
            .collect();
        assert_eq!(
            parcels,
            [
                (Bytes::from_static(b"ab"), 2, Some(1)),
                (Bytes::from_static(b"e"), 1, None),
                (Bytes::from_static(b"c"), 1, Some(3))
            ]
        );
    }

    #[test]
    fn a_parcel_has_a_bound() {
        let big = vec![0; PARCEL_BYTES - 1];
        let deliveries = [
            delivery(&big, Class::Kept, 1),
            delivery(b"a", Class::Kept, 2),
            delivery(b"b", Class::Kept, 3),
        ];
        let sizes: Vec<_> = join(&Channel::all(), &deliveries)
            .iter()
            .map(|parcel| parcel.bytes.len())
            .collect();
        assert_eq!(sizes, [PARCEL_BYTES, 1]);
    }
}
