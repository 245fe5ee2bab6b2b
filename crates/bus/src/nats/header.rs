//! The headers of NATS that are used here, and the one that tells a trace.

use async_nats::HeaderMap;
use fanfare_proto::trace::{Context, TRACEPARENT};

/// One name for all messages of an atomic batch; at most 64 bytes.
pub(super) const BATCH_ID: &str = "Nats-Batch-Id";
/// A message's number in its batch: 1, 2, 3, …
pub(super) const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
/// `1` on a batch's last message.
pub(super) const BATCH_COMMIT: &str = "Nats-Batch-Commit";
/// The sequence of the subject's last message must be this; 0: there is none.
pub(super) const EXPECTED_LAST_SUBJECT_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";
/// How long the message is kept, `15s` or `never` (which goes before the stream's own limit).
pub(super) const TTL: &str = "Nats-TTL";
/// When the message is stored again under its target: `@at 2027-01-01T00:00:00Z`.
pub(super) const SCHEDULE: &str = "Nats-Schedule";
/// Under which subject it is then stored.
pub(super) const SCHEDULE_TARGET: &str = "Nats-Schedule-Target";
/// Where the message is stored. On what is read or republished.
pub(super) const SUBJECT: &str = "Nats-Subject";
/// Its number in its stream. On what is read or republished.
pub(super) const SEQUENCE: &str = "Nats-Sequence";
/// When it was stored. On what is read or republished.
pub(super) const TIME_STAMP: &str = "Nats-Time-Stamp";
/// How many more there are of what was asked for. At the end of what is read.
pub(super) const NUM_PENDING: &str = "Nats-Num-Pending";
/// How far the stream reached where it was read. At the end of what is read by subjects.
pub(super) const UP_TO_SEQUENCE: &str = "Nats-UpTo-Sequence";
/// Why there is no record any more. On messages that say so: those of the server, when one expires, and ours.
pub(super) const MARKER_REASON: &str = "Nats-Marker-Reason";

/// Says what a message is part of, if that is recorded: nobody else would look at it.
pub(super) fn put_trace(headers: &mut HeaderMap, trace: Option<Context>) {
    if let Some(trace) = trace {
        headers.insert(TRACEPARENT, trace.to_string());
    }
}

/// What a message is part of.
pub(super) fn trace(headers: &HeaderMap) -> Option<Context> {
    Context::parse_sampled(headers.get(TRACEPARENT)?.as_str())
}
