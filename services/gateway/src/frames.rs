//! Texts of the frames that more than one part of the gateway writes.

use fanfare_proto::{Channel, Cursor, Position, Timestamp, server::ServerFrame};
use serde::Serialize;

#[derive(Serialize)]
struct Reset {
    reason: &'static str,
}

#[derive(Serialize)]
struct Subscribed {
    recovered: bool,
}

/// `reset`: the reader's view of the channel has a hole that cannot be filled.
pub(crate) fn reset(channel: &Channel, reason: &'static str, now_ms: i64) -> Vec<u8> {
    ServerFrame {
        channel: Some(channel.name()),
        data: Some(Reset { reason }),
        ..ServerFrame::new("reset", Timestamp::from_ms(now_ms))
    }
    .encode()
}

/// `subscribed`: everything after `position` follows. `None` for a channel that is not stored.
pub(crate) fn subscribed(
    id: Option<&str>,
    channel: &Channel,
    epoch: u32,
    position: Option<Position>,
    recovered: bool,
    now_ms: i64,
) -> Vec<u8> {
    ServerFrame {
        id,
        channel: Some(channel.name()),
        cursor: position.map(|position| Cursor { epoch, position }),
        data: Some(Subscribed { recovered }),
        ..ServerFrame::new("subscribed", Timestamp::from_ms(now_ms))
    }
    .encode()
}
