//! `history`: a page of a channel's log.

use crate::{client::Client, session::Refusal};
use fanfare_bus::log::{Record, Slice};
use fanfare_proto::{Channel, ErrorCode, delivery, server::ServerFrame, wire::Entry};
use prost::Message as _;
use serde::Serialize;
use serde_json::value::RawValue;

/// Largest page, in bytes; more items follow on the next.
const HISTORY_BYTES: usize = 512 * 1024;

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Box<RawValue>>,
    more: bool,
    channel: &'a Channel,
}

/// Reads a page of a channel's log, as the answer to the frame `id`.
pub(super) async fn page(
    client: &Client,
    id: Option<&str>,
    channel: &Channel,
    slice: Slice,
    limit: usize,
) -> Result<Vec<u8>, Refusal> {
    // A page is large: one at a time, for each connection.
    let _turn = client.replay_turn.lock().await;
    let node = &*client.node;
    let page = node
        .log
        .history(channel, slice, limit)
        .await
        .map_err(|error| {
            tracing::warn!(%channel, %error, "history could not be read");
            Refusal::from(ErrorCode::Unavailable)
        })?;
    let epoch = node.log.epoch(channel);
    let frame_of = |record: &Record| {
        let entry = Entry::decode(record.payload.as_ref()).ok()?;
        let cursor = fanfare_proto::Cursor {
            epoch,
            position: record.position,
        };
        let text = String::from_utf8(delivery::entry_frame(&entry, channel, cursor)).ok()?;
        RawValue::from_string(text).ok()
    };
    // From the end that the page was asked for, so that a page that is cut goes on at the other.
    let newest_first = !matches!(slice, Slice::After(_));
    let mut records = page.records;
    if newest_first {
        records.reverse();
    }
    let mut items = Vec::new();
    let mut bytes = 0;
    let mut cut = false;
    for record in &records {
        let Some(item) = frame_of(record) else {
            continue;
        };
        bytes += item.get().len();
        cut = bytes > HISTORY_BYTES && !items.is_empty();
        if cut {
            break;
        }
        items.push(item);
    }
    if newest_first {
        items.reverse();
    }
    let frame = ServerFrame {
        id,
        channel: Some(channel.name()),
        data: Some(Page {
            items,
            more: page.more || cut,
            channel,
        }),
        ..ServerFrame::new("history_response", node.timestamp())
    };
    Ok(frame.encode())
}
