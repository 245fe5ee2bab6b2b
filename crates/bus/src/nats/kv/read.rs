//! Reading records: one, some, and which there are.
//!
//! The leader of the stream is asked what there is. Values come from any replica, once that has what the leader had.

use super::bucket::Bucket;
use crate::{
    error::KvError,
    kv::Record,
    nats::{api, connection::Connection, fetch, header, refusal::Refusal},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use tokio::time;

/// Keys whose values are asked for at once, so that a request fits a message also when all keys are of the longest.
const FETCHED_KEYS: usize = 500;

/// How often a replica that is behind is asked again. With [`STALE_PAUSE`] it gets a second: one that takes longer is cut
/// off from the others.
const STALE_TRIES: usize = 20;

const STALE_PAUSE: Duration = Duration::from_millis(50);

/// What stands under a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Current {
    /// Sequence of the last message, also when that says there is no record; 0: none.
    pub(super) seq: u64,
    pub(super) record: Option<Record>,
}

/// Asks the leader.
pub(super) async fn one(
    connection: &Connection,
    bucket: &Bucket,
    key: &str,
) -> Result<Current, KvError> {
    let get = format!("STREAM.MSG.GET.{}", bucket.stream());
    let request = json!({ "last_by_subj": bucket.subject(key) });
    let answer = match api::call(connection, &get, &request).await {
        Ok(answer) => answer,
        Err(Refusal::NotFound) => return Ok(Current::default()),
        Err(refusal) => return Err(refusal.into()),
    };
    let message = &answer["message"];
    let seq = message["seq"].as_u64().ok_or(KvError::Store)?;
    let headers = decoded(&message["hdrs"])?;
    let marker = format!("\r\n{}:", header::MARKER_REASON);
    let is_marker = headers
        .windows(marker.len())
        .any(|window| window == marker.as_bytes());
    if is_marker {
        return Ok(Current { seq, record: None });
    }
    let record = Record {
        key: key.to_owned(),
        value: Bytes::from(decoded(&message["data"])?),
        revision: seq,
    };
    Ok(Current {
        seq,
        record: Some(record),
    })
}

/// What is empty is left out of an answer.
fn decoded(text: &Value) -> Result<Vec<u8>, KvError> {
    let text = text.as_str().unwrap_or_default();
    STANDARD.decode(text).map_err(|_other| KvError::Store)
}

/// What stands under each of `keys`.
pub(super) async fn some(
    connection: &Connection,
    bucket: &Bucket,
    keys: &[String],
) -> Result<HashMap<String, Current>, KvError> {
    let info = format!("STREAM.INFO.{}", bucket.stream());
    let info = api::call(connection, &info, &Value::Null).await?;
    let reach_seq = info["state"]["last_seq"].as_u64().ok_or(KvError::Store)?;
    let mut found = HashMap::new();
    for keys in keys.chunks(FETCHED_KEYS) {
        found.extend(values(connection, bucket, keys, reach_seq).await?);
    }
    Ok(found)
}

/// Keys that begin with `prefix` and come after `after`, in order, and how far the stream reached then. Some may be no
/// records any more.
///
/// The server goes through all keys of the prefix, up to its last `/` or `.`, at each call: a prefix with a hundred
/// thousand keys costs it some ten milliseconds and an answer of some megabytes.
pub(super) async fn keys(
    connection: &Connection,
    bucket: &Bucket,
    prefix: &str,
    after: Option<&str>,
) -> Result<(Vec<String>, u64), KvError> {
    let operation = format!("STREAM.INFO.{}", bucket.stream());
    let filter = bucket.filter(prefix);
    let (mut keys, mut offset) = (Vec::new(), 0);
    loop {
        let request = json!({ "subjects_filter": filter, "offset": offset });
        let info = api::call(connection, &operation, &request).await?;
        let reach_seq = info["state"]["last_seq"].as_u64().ok_or(KvError::Store)?;
        let subjects = info["state"]["subjects"].as_object();
        let count = subjects.map_or(0, serde_json::Map::len);
        let listed = subjects.into_iter().flat_map(serde_json::Map::keys);
        let listed = listed.filter_map(|subject| bucket.key(subject));
        let is_asked_for = |key: &String| {
            key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        };
        keys.extend(listed.filter(is_asked_for));
        offset += count;
        let total = info["total"].as_u64().unwrap_or_default();
        if count == 0 || u64::try_from(offset).unwrap_or(u64::MAX) >= total {
            // The order of subjects is another one.
            keys.sort_unstable();
            keys.dedup();
            return Ok((keys, reach_seq));
        }
    }
}

/// The first `limit` of `keys` that are records, in their order, from a replica that reaches `reach_seq`.
pub(super) async fn first(
    connection: &Connection,
    bucket: &Bucket,
    keys: &[String],
    reach_seq: u64,
    limit: usize,
) -> Result<Vec<Record>, KvError> {
    let mut records = Vec::new();
    for keys in keys.chunks(limit.min(FETCHED_KEYS)) {
        let mut found = values(connection, bucket, keys, reach_seq).await?;
        let found = keys.iter().filter_map(|key| found.remove(key)?.record);
        records.extend(found.take(limit - records.len()));
        if records.len() == limit {
            break;
        }
    }
    Ok(records)
}

async fn values(
    connection: &Connection,
    bucket: &Bucket,
    keys: &[String],
    reach_seq: u64,
) -> Result<HashMap<String, Current>, KvError> {
    let mut subjects: Vec<String> = keys.iter().map(|key| bucket.subject(key)).collect();
    // Is always there: an answer that finds nothing does not say how far it reaches.
    subjects.push(bucket.fence_subject());
    for _ in 0..STALE_TRIES {
        let latest = fetch::latest(connection, bucket.stream(), &subjects).await;
        let latest = match latest {
            Ok(latest) if latest.reach_seq >= reach_seq => latest,
            Ok(_) | Err(Refusal::Busy) => {
                time::sleep(STALE_PAUSE).await;
                continue;
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let found = latest.messages.into_iter().filter_map(|stored| {
            let (key, seq) = (bucket.key(&stored.subject)?, stored.seq);
            let record = bucket.record(stored);
            Some((key, Current { seq, record }))
        });
        return Ok(found.collect());
    }
    Err(KvError::Unavailable)
}
