//! Of the notifications with one collapse key on one channel, only the newest stays in the log.
//!
//! A small record for each key and channel lists the ordinals that may still be in the log. A new one is added to the
//! list before the older ones are deleted, and those are taken off it after: a worker that dies half-way leaves a
//! list that the next notification with the same key finishes.

use super::record::Record;
use crate::{
    core::{Core, bucket},
    hash, problem,
};
use bytes::Bytes;
use fanfare_bus::{KvError, kv::Expect};
use fanfare_http::Problem;
use fanfare_proto::Channel;
use serde::{Deserialize, Serialize};

/// Most attempts while others change the same list. Each publish with the key changes it twice, so 32 at once all come
/// through.
const ATTEMPTS: usize = 64;

/// One notification that may be in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    n: u64,
    id: String,
}

/// What took a notification's place, kept for its trail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fate {
    /// Id of the newer notification.
    pub(crate) by: String,
    pub(crate) at_ms: i64,
}

/// Deletes what `record`'s notification makes old, on each of its channels. Best effort: the next notification with
/// the same key does what failed here.
pub(crate) async fn older(core: &Core, record: &Record) {
    let Some(collapse_key) = &record.collapse_key else {
        return;
    };
    for place in &record.places {
        let Some(n) = place.n else { continue };
        let standing = Standing {
            n,
            id: record.id.clone(),
        };
        if let Err(problem) = on_channel(core, &place.channel, collapse_key, standing).await {
            tracing::warn!(
                channel = %place.channel,
                id = record.id,
                code = problem.code(),
                "older notifications with the same collapse key could not be removed"
            );
        }
    }
}

/// What collapsed notification `id` on `channel`, if anything did.
pub(crate) async fn fate(
    core: &Core,
    id: &str,
    channel: &Channel,
) -> Result<Option<Fate>, Problem> {
    let found = core
        .handles
        .kv
        .get(bucket::TRAIL, &fate_key(id, channel))
        .await
        .map_err(problem::of_kv)?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()))
}

fn fate_key(id: &str, channel: &Channel) -> String {
    format!("fate/{id}/{}", channel.subject_tokens())
}

async fn on_channel(
    core: &Core,
    channel: &Channel,
    collapse_key: &str,
    new: Standing,
) -> Result<(), Problem> {
    let key = format!(
        "{}/{}",
        channel.subject_tokens(),
        hash::hex_of(&[collapse_key.as_bytes()])
    );
    let (listed, mut revision) = add(core, &key, new).await?;
    let Some((newest, old)) = listed.split_last() else {
        return Ok(());
    };
    for standing in old {
        let deleted = core
            .handles
            .log
            .delete(channel, standing.n)
            .await
            .map_err(problem::of_log)?;
        if deleted {
            remember(core, channel, standing, newest).await?;
        }
    }
    // Whoever changed the list meanwhile deletes the same ones again, which does nothing.
    if !old.is_empty() {
        revision = match put(
            core,
            &key,
            std::slice::from_ref(newest),
            Expect::Revision(revision),
        )
        .await
        {
            Ok(revision) => revision,
            Err(KvError::Conflict) => return Ok(()),
            Err(error) => return Err(problem::of_kv(error)),
        };
    }
    tracing::debug!(channel = %channel, revision, "collapsed");
    Ok(())
}

/// Puts `new` on the list; answers the list, oldest first.
async fn add(core: &Core, key: &str, new: Standing) -> Result<(Vec<Standing>, u64), Problem> {
    for _attempt in 0..ATTEMPTS {
        let found = core
            .handles
            .kv
            .get(bucket::COLLAPSE, key)
            .await
            .map_err(problem::of_kv)?;
        let (mut listed, expect) = match &found {
            Some(found) => (
                serde_json::from_slice::<Vec<Standing>>(&found.value).unwrap_or_default(),
                Expect::Revision(found.revision),
            ),
            None => (Vec::new(), Expect::Absent),
        };
        if !listed.contains(&new) {
            listed.push(new.clone());
            listed.sort_by_key(|standing| standing.n);
        }
        match put(core, key, &listed, expect).await {
            Ok(revision) => return Ok((listed, revision)),
            Err(KvError::Conflict) => {}
            Err(error) => return Err(problem::of_kv(error)),
        }
    }
    Err(problem::of_kv(KvError::Conflict))
}

async fn put(core: &Core, key: &str, listed: &[Standing], expect: Expect) -> Result<u64, KvError> {
    let value: Bytes = serde_json::to_vec(listed).unwrap_or_default().into();
    let ttl_ms = Some(core.settings.retention_ms());
    core.handles
        .kv
        .put(bucket::COLLAPSE, key, value, expect, ttl_ms)
        .await
}

async fn remember(
    core: &Core,
    channel: &Channel,
    old: &Standing,
    newest: &Standing,
) -> Result<(), Problem> {
    let fate = Fate {
        by: newest.id.clone(),
        at_ms: core.clock.now_ms(),
    };
    let value: Bytes = serde_json::to_vec(&fate).unwrap_or_default().into();
    let ttl_ms = Some(core.settings.retention_ms());
    core.handles
        .kv
        .put(
            bucket::TRAIL,
            &fate_key(&old.id, channel),
            value,
            Expect::Any,
            ttl_ms,
        )
        .await
        .map(drop)
        .map_err(problem::of_kv)
}
