//! What gateways wrote live.

use crate::{
    core::{Core, bucket},
    hash, problem,
};
use bytes::Bytes;
use fanfare_bus::kv::{Expect, Op};
use fanfare_http::Problem;
use fanfare_proto::{
    Channel,
    wire::{Receipt, ReceiptBatch},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most receipts taken from one batch: twice what a gateway collects in a second at full load.
const BATCH_MAX: usize = 10_000;
/// Records of one write.
const WRITE_RECORDS: usize = 500;
/// Most receipts shown for one entry: one a gateway.
const SHOWN_MAX: usize = 200;

/// That one gateway wrote one entry to its sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) node: String,
    pub(crate) at_ms: i64,
    pub(crate) count: u32,
}

fn prefix(channel: &Channel, n: u64) -> String {
    format!("receipt/{}/{n:020}/", channel.subject_tokens())
}

/// Keeps a gateway's receipts. The same batch again changes nothing.
pub(crate) async fn take(core: Arc<Core>, batch: ReceiptBatch) {
    // A name of any length as a key of one.
    let node = hash::hex_of(&[batch.node.as_bytes()]);
    let ops: Vec<Op> = batch
        .receipts
        .iter()
        .take(BATCH_MAX)
        .filter_map(|receipt| op(&core, &batch.node, &node[..16], receipt))
        .collect();
    for some in ops.chunks(WRITE_RECORDS) {
        let written = core.handles.kv.batch(bucket::TRAIL, some.to_vec()).await;
        match written {
            Ok(()) => core.meters.receipts.inc_by(some.len() as u64),
            Err(error) => {
                core.meters.trail_losses.inc_by(some.len() as u64);
                tracing::warn!(node = batch.node, receipts = some.len(), %error, "receipts could not be kept");
            }
        }
    }
}

fn op(core: &Core, node: &str, node_key: &str, receipt: &Receipt) -> Option<Op> {
    let channel = Channel::parse(&receipt.channel).ok()?;
    let written = Written {
        node: node.to_owned(),
        at_ms: receipt.at_ms,
        count: receipt.count,
    };
    Some(Op::Put {
        key: format!(
            "{}{node_key}/{}",
            prefix(&channel, receipt.n),
            receipt.at_ms
        ),
        value: Bytes::from(serde_json::to_vec(&written).ok()?),
        expect: Expect::Any,
        ttl_ms: Some(core.settings.retention_ms()),
    })
}

/// Which gateways wrote entry `n` of `channel` live.
pub(crate) async fn of(core: &Core, channel: &Channel, n: u64) -> Result<Vec<Written>, Problem> {
    let found = core
        .handles
        .kv
        .scan(bucket::TRAIL, &prefix(channel, n), None, SHOWN_MAX)
        .await
        .map_err(problem::of_kv)?;
    let read = found
        .iter()
        .filter_map(|record| serde_json::from_slice(&record.value).ok());
    Ok(read.collect())
}
