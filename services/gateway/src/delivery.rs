//! One publication on its way to this node's subscribers: encoded once, shared by all of them.

use crate::{
    frame::{self, Agreement},
    metrics::Figures,
    outbox::{Class, Mark, Parcel},
    trace::Trace,
};
use bytes::Bytes;
use fanfare_bus::log;
use fanfare_proto::{
    Channel, Cursor, Position, delivery,
    trace::Context,
    wire::{Entry, EntryType, Event},
};
use fanfare_telemetry::traces::Traces;
use prost::Message as _;
use std::sync::{Arc, OnceLock};

/// The wire bytes of one frame, and what is known about it.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// A whole WebSocket frame.
    plain: Bytes,
    payload_len: usize,
    /// The same, compressed: made when the first subscriber wants it, by whichever shard is first. `None`: it would not
    /// be smaller.
    compressed: OnceLock<Option<Bytes>>,
    /// Zeroes for what is not stored.
    pub(crate) position: Position,
    pub(crate) class: Class,
    pub(crate) created_at_ms: i64,
    /// When it is not to be sent any more.
    pub(crate) expires_at_ms: Option<i64>,
    /// It takes an earlier one back, or its place.
    pub(crate) supersedes: bool,
    /// Whether its delivery is reported.
    pub(crate) trail: bool,
    /// What its way to the sockets is part of. One pointer, and mostly none.
    pub(crate) trace: Option<Box<Trace>>,
    /// Only those get it who are told who is present.
    for_watchers: bool,
    /// Sessions of this user do not get it.
    except_user: Option<Box<str>>,
}

impl Delivery {
    /// Of a record of the log; `None` when it holds no entry, which is logged and skipped: one unreadable record must
    /// not stop its channel. Where it is delivered to whoever reads the channel now, `traces` opens the span of that.
    pub(crate) fn of_record(record: &log::Record, epoch: u32, traces: &Traces) -> Option<Self> {
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
            position: record.position,
            expires_at_ms: record.expires_at_ms,
            supersedes: supersedes(&entry),
            trail: entry.trail,
            trace: trace(record, &entry, traces),
            ..Self::unstored(&text, Class::Kept, entry.created_at_ms)
        })
    }

    /// Of an event nobody stores.
    pub(crate) fn of_event(event: &Event, trace: Option<Box<Trace>>) -> Self {
        let text = delivery::event_frame(event);
        let except_user = event.except_user.as_str();
        Self {
            trace,
            except_user: (!except_user.is_empty()).then(|| except_user.into()),
            ..Self::unstored(&text, Class::Ephemeral, event.created_at_ms)
        }
    }

    /// Of a text for those who are told who is present: lost first when one of them is slow.
    pub(crate) fn of_presence(text: &[u8], now_ms: i64) -> Self {
        Self {
            for_watchers: true,
            ..Self::unstored(text, Class::Ephemeral, now_ms)
        }
    }

    /// Of a text of this node's own.
    pub(crate) fn unstored(text: &[u8], class: Class, created_at_ms: i64) -> Self {
        Self {
            plain: frame::text(text).into(),
            payload_len: text.len(),
            compressed: OnceLock::new(),
            position: Position::default(),
            class,
            created_at_ms,
            expires_at_ms: None,
            supersedes: false,
            trail: false,
            trace: None,
            for_watchers: false,
            except_user: None,
        }
    }

    /// Whether every reader of its channel gets it.
    pub(crate) const fn is_for_all(&self) -> bool {
        !self.for_watchers && self.except_user.is_none()
    }

    /// Whether a reader gets it who is `user`, and is told who is present or not.
    pub(crate) fn is_for(&self, user: &str, watches: bool) -> bool {
        (watches || !self.for_watchers) && self.except_user.as_deref() != Some(user)
    }

    /// Bytes of the plain frame.
    pub(crate) const fn len(&self) -> usize {
        self.plain.len()
    }

    /// The frame as clients with this agreement get it.
    fn bytes(&self, agreement: Option<Agreement>, figures: &Figures) -> &Bytes {
        if agreement.is_none_or(|own| !own.admits(self.payload_len)) {
            return &self.plain;
        }
        let compressed = self.compressed.get_or_init(|| {
            let payload = &self.plain[self.plain.len() - self.payload_len..];
            let frame = frame::compressed(payload)?;
            figures.deflates.inc();
            Some(frame.into())
        });
        compressed.as_ref().unwrap_or(&self.plain)
    }
}

/// A record that has lost what it is part of, as one that is read back may have, still says of which publish it is.
fn trace(record: &log::Record, entry: &Entry, traces: &Traces) -> Option<Box<Trace>> {
    if !traces.is_on() {
        return None;
    }
    let parent = record
        .trace
        .or_else(|| Context::parse_sampled(&entry.traceparent));
    Trace::begin(traces, parent, record.channel.name(), record.position.n)
}

/// Whether an entry takes an earlier one back, or its place. An edit does not: the message that it changes stays where it
/// is, and who gets both in order has the new words.
fn supersedes(entry: &Entry) -> bool {
    let takes_back = matches!(entry.r#type(), EntryType::Retraction | EntryType::Deletion);
    takes_back || !entry.collapse_key.is_empty()
}

/// Deliveries of one channel, joined once for all subscribers with the same agreement.
pub(crate) struct Joined<'a> {
    channel: &'a Channel,
    deliveries: &'a [Arc<Delivery>],
    figures: &'a Figures,
    forms: Vec<(Option<Agreement>, Vec<Parcel>)>,
}

impl<'a> Joined<'a> {
    pub(crate) const fn new(
        channel: &'a Channel,
        deliveries: &'a [Arc<Delivery>],
        figures: &'a Figures,
    ) -> Self {
        Self {
            channel,
            deliveries,
            figures,
            forms: Vec::new(),
        }
    }

    /// The parcels for clients with this agreement; there are few kinds of them.
    pub(crate) fn parcels(&mut self, agreement: Option<Agreement>) -> &[Parcel] {
        let known = self.forms.iter().position(|(own, _)| *own == agreement);
        let at = known.unwrap_or_else(|| {
            let deliveries = self.deliveries.iter().map(Arc::as_ref);
            let parcels = join(self.channel, deliveries, agreement, self.figures);
            self.forms.push((agreement, parcels));
            self.forms.len() - 1
        });
        &self.forms[at].1
    }
}

/// Largest parcel that is joined, in bytes. A write costs the same whatever it carries up to about here, and a queue of
/// 1 MiB still takes many of them.
const PARCEL_BYTES: usize = 64 * 1024;

/// Joins `deliveries` of `channel`, in order, into as few parcels as their classes and [`PARCEL_BYTES`] allow.
pub(crate) fn join<'a>(
    channel: &Channel,
    deliveries: impl IntoIterator<Item = &'a Delivery>,
    agreement: Option<Agreement>,
    figures: &Figures,
) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut joined: Vec<u8> = Vec::new();
    for delivery in deliveries {
        let bytes = delivery.bytes(agreement, figures);
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
    use fanfare_telemetry::metrics::Metrics;

    fn delivery(text: &[u8], class: Class, n: u64) -> Delivery {
        Delivery {
            plain: Bytes::copy_from_slice(text),
            position: Position { seq: n, n },
            ..Delivery::unstored(text, class, 0)
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
        let figures = Figures::new(&Metrics::new());
        let parcels: Vec<_> = join(&Channel::all(), &deliveries, None, &figures)
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
    fn what_takes_an_entry_back_or_its_place_supersedes() {
        for (kind, collapse_key, expected) in [
            (EntryType::Notification, "", false),
            (EntryType::Notification, "k", true),
            (EntryType::Retraction, "", true),
            (EntryType::Message, "", false),
            (EntryType::Edit, "", false),
            (EntryType::Deletion, "", true),
            (EntryType::Reaction, "", false),
            (EntryType::Room, "", false),
        ] {
            let entry = Entry {
                r#type: kind.into(),
                collapse_key: collapse_key.to_owned(),
                ..Entry::default()
            };
            assert_eq!(supersedes(&entry), expected, "{kind:?} {collapse_key}");
        }
    }

    #[test]
    fn a_parcel_has_a_bound() {
        let big = vec![0; PARCEL_BYTES - 1];
        let deliveries = [
            delivery(&big, Class::Kept, 1),
            delivery(b"a", Class::Kept, 2),
            delivery(b"b", Class::Kept, 3),
        ];
        let figures = Figures::new(&Metrics::new());
        let sizes: Vec<_> = join(&Channel::all(), &deliveries, None, &figures)
            .iter()
            .map(|parcel| parcel.bytes.len())
            .collect();
        assert_eq!(sizes, [PARCEL_BYTES, 1]);
    }

    #[test]
    fn a_message_is_compressed_once_for_whoever_can_take_it() {
        let figures = Figures::new(&Metrics::new());
        let wide = frame::negotiate(["permessage-deflate"]);
        let narrow = frame::negotiate(["permessage-deflate; server_max_window_bits=9"]);
        let delivery = Delivery::unstored("again and ".repeat(60).as_bytes(), Class::Kept, 0);
        let compressed = delivery.bytes(wide, &figures).clone();
        assert!(compressed.len() < 100);
        assert_eq!(delivery.bytes(wide, &figures), &compressed);
        assert_eq!(delivery.bytes(narrow, &figures), &delivery.plain);
        assert_eq!(delivery.bytes(None, &figures), &delivery.plain);
        assert_eq!(figures.deflates.get(), 1);
    }
}
