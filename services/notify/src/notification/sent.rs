//! Appends notifications that are due now: one append for each channel.

use super::publish::Item;
use crate::{core::Core, problem};
use fanfare_bus::{
    LogError,
    log::{Append, Appended, Expect},
};
use fanfare_http::Problem;
use futures_util::future::join_all;
use std::collections::BTreeMap;

/// Most records of one atomic append. Smaller than the log takes, so that other publishers get between, and so that a
/// broker's batch of a thousand messages has room for each record's id and for what marks that it expires.
const CHUNK_RECORDS: usize = 300;
/// Most bytes of one atomic append.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// Which item, and which of its channels.
type Slot = (usize, usize);

/// Appends `items`, each to all of its channels. The answer has their ordinals in the order of the channels, or the
/// problem that kept at least one of them away; repeating one that is repeatable appends only what is missing.
///
/// # Ordering
///
/// On each channel in the order of `items`: after a failure no later item of the same shard is appended.
pub(crate) async fn append(
    core: &Core,
    items: &[Item],
    is_repeatable: bool,
) -> Vec<Result<Vec<u64>, Problem>> {
    let mut shards: BTreeMap<u16, Vec<(Slot, Append)>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        for (place, channel) in item.draft.channels.iter().enumerate() {
            let append = Append {
                channel: channel.clone(),
                msg_id: is_repeatable.then(|| item.id.clone()),
                expect: Expect::Any,
                ttl_ms: item.draft.ttl_ms,
                payload: item.entry.clone(),
                trace: None,
            };
            let shard = core.handles.log.shard(channel);
            shards
                .entry(shard)
                .or_default()
                .push(((index, place), append));
        }
    }
    let _timer = core.meters.append_seconds.start_timer();
    let done = join_all(shards.into_values().map(|appends| shard(core, appends))).await;
    let mut outcomes: Vec<Result<Vec<u64>, Problem>> = items
        .iter()
        .map(|item| Ok(vec![0; item.draft.channels.len()]))
        .collect();
    for ((index, place), result) in done.into_iter().flatten() {
        match (result, &mut outcomes[index]) {
            (Ok(appended), Ok(ns)) => ns[place] = appended.position.n,
            (Err(error), outcome) => *outcome = Err(problem::of_log(error)),
            (Ok(_appended), Err(_earlier)) => {}
        }
    }
    outcomes
}

async fn shard(
    core: &Core,
    appends: Vec<(Slot, Append)>,
) -> Vec<(Slot, Result<Appended, LogError>)> {
    let mut outcomes = Vec::with_capacity(appends.len());
    let mut failed = None;
    for (slots, chunk) in chunks(appends) {
        if failed.is_none() {
            match core.handles.log.append_all(chunk).await {
                Ok(appended) => {
                    outcomes.extend(slots.into_iter().zip(appended.into_iter().map(Ok)));
                    continue;
                }
                Err(error) => failed = Some(error),
            }
        }
        let error = failed.clone().unwrap_or(LogError::Unavailable);
        outcomes.extend(slots.into_iter().map(|slot| (slot, Err(error.clone()))));
    }
    outcomes
}

fn chunks(appends: Vec<(Slot, Append)>) -> Vec<(Vec<Slot>, Vec<Append>)> {
    let mut chunks: Vec<(Vec<Slot>, Vec<Append>)> = Vec::new();
    let mut bytes = 0;
    for (slot, append) in appends {
        bytes += append.payload.len();
        match chunks.last_mut() {
            Some((slots, chunk)) if chunk.len() < CHUNK_RECORDS && bytes <= CHUNK_BYTES => {
                slots.push(slot);
                chunk.push(append);
            }
            _ => {
                bytes = append.payload.len();
                chunks.push((vec![slot], vec![append]));
            }
        }
    }
    chunks
}
