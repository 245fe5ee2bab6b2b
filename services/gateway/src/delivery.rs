//! One publication on its way to this node's subscribers: encoded once, shared by all of them.

use crate::{frame, outbox::Class};
use bytes::Bytes;
use fanfare_bus::log;
use fanfare_proto::{
    Cursor, Position, delivery,
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

/// Frames of one class that go out in one write.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) frames: usize,
    pub(crate) class: Class,
    pub(crate) first_n: u64,
}

/// Largest chunk that is joined, in bytes. A write costs the same whatever it carries up to about here, and a queue of
/// 1 MiB still takes many of them.
const CHUNK_BYTES: usize = 64 * 1024;

/// Joins `deliveries`, in order, into as few writes as their classes and [`CHUNK_BYTES`] allow.
pub(crate) fn join<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut joined: Vec<u8> = Vec::new();
    for delivery in deliveries {
        if let Some(last) = chunks.last_mut() {
            let held = joined.len().max(last.bytes.len());
            if last.class == delivery.class && held + delivery.bytes.len() <= CHUNK_BYTES {
                if joined.is_empty() {
                    joined.extend_from_slice(&last.bytes);
                }
                joined.extend_from_slice(&delivery.bytes);
                last.frames += 1;
                if last.first_n == 0 {
                    last.first_n = delivery.position.n;
                }
                continue;
            }
            seal(last, &mut joined);
        }
        chunks.push(Chunk {
            bytes: delivery.bytes.clone(),
            frames: 1,
            class: delivery.class,
            first_n: delivery.position.n,
        });
    }
    if let Some(last) = chunks.last_mut() {
        seal(last, &mut joined);
    }
    chunks
}

fn seal(chunk: &mut Chunk, joined: &mut Vec<u8>) {
    if !joined.is_empty() {
        chunk.bytes = std::mem::take(joined).into();
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
        let chunks: Vec<_> = join(&deliveries)
            .into_iter()
            .map(|chunk| (chunk.bytes, chunk.frames, chunk.first_n))
            .collect();
        assert_eq!(
            chunks,
            [
                (Bytes::from_static(b"ab"), 2, 1),
                (Bytes::from_static(b"e"), 1, 0),
                (Bytes::from_static(b"c"), 1, 3)
            ]
        );
    }

    #[test]
    fn a_chunk_has_a_bound() {
        let big = vec![0; CHUNK_BYTES - 1];
        let deliveries = [
            delivery(&big, Class::Kept, 1),
            delivery(b"a", Class::Kept, 2),
            delivery(b"b", Class::Kept, 3),
        ];
        let sizes: Vec<_> = join(&deliveries)
            .iter()
            .map(|chunk| chunk.bytes.len())
            .collect();
        assert_eq!(sizes, [CHUNK_BYTES, 1]);
    }
}
