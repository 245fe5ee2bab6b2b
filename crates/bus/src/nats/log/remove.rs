//! Removing records: one, or the beginning of a channel.

use super::{
    alive::NEVER_MS,
    core::{Patience, is_passing},
    engine::NatsLog,
    history, subject,
    work::{Before, Change},
};
use crate::{
    error::LogError,
    log::{Log as _, Slice},
    nats::{api, refusal::Refusal},
};
use fanfare_proto::Channel;
use serde_json::{Value, json};

/// Deletes as [`Log::delete`](crate::Log::delete) says. The mark comes first: were the record the channel's last message,
/// its ordinal would be gone with it.
pub(super) async fn delete(log: &NatsLog, channel: &Channel, n: u64) -> Result<bool, LogError> {
    let Some(record) = history::get(log, channel, n).await? else {
        return Ok(false);
    };
    let seq = record.position.seq;
    let forget = |before| log.mark(channel, Change::Forget { seq, before });
    if forget(Before::Unknown).await?.is_none() {
        let before = history::before(log, channel, n).await?;
        let before = before.map(|before| {
            let expires_at_ms = before.expires_at_ms.unwrap_or(NEVER_MS);
            (before.position.seq, expires_at_ms)
        });
        forget(Before::Is(before)).await?;
    }
    let stream = subject::stream(log.shard(channel));
    // Overwritten, not only unlinked.
    let request = json!({ "seq": seq, "no_erase": false });
    Ok(call(log, &format!("STREAM.MSG.DELETE.{stream}"), &request).await?)
}

/// Trims as [`Log::trim`](crate::Log::trim) says: from the mark on the records below are not shown, then they go.
pub(super) async fn trim(log: &NatsLog, channel: &Channel, first_n: u64) -> Result<(), LogError> {
    let end = log.end(channel).await?;
    let first_n = first_n.min(end.n + 1);
    if end.n == 0 || first_n <= end.first_n.max(1) {
        return Ok(());
    }
    let kept = history::page(log, channel, Slice::After(first_n - 1), 1).await?;
    let kept_seq = kept.records.first().map(|record| record.position.seq);
    let change = Change::Trim {
        first_n,
        kept_seq: kept_seq.unwrap_or(u64::MAX),
    };
    let mark_seq = log.mark(channel, change).await?;
    let below_seq = kept_seq.or(mark_seq).ok_or(LogError::Store)?;
    let shard = log.shard(channel);
    let request = json!({
        "filter": subject::log(shard, channel),
        "seq": below_seq,
    });
    let stream = subject::stream(shard);
    call(log, &format!("STREAM.PURGE.{stream}"), &request).await?;
    Ok(())
}

/// Asks until it is done; whether it was this time. What was not found after an attempt without an answer was removed by
/// that.
async fn call(log: &NatsLog, operation: &str, request: &Value) -> Result<bool, Refusal> {
    let mut patience = Patience::new();
    let mut is_unknown = false;
    loop {
        match api::call(&log.core.ctl, operation, request).await {
            Ok(_done) => return Ok(true),
            Err(Refusal::NotFound) => return Ok(is_unknown),
            Err(refusal) if is_passing(refusal) && patience.pause().await => {
                is_unknown |= refusal == Refusal::Unknown;
            }
            Err(refusal) => return Err(refusal),
        }
    }
}
