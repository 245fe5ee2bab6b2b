//! What clients say they got.

use crate::{
    core::{Core, bucket},
    inbox::channels,
    notification::{
        id,
        record::{self, Record},
    },
    problem,
};
use bytes::Bytes;
use fanfare_bus::{KvError, kv::Expect};
use fanfare_http::Problem;
use fanfare_proto::{Kind, channel, token, wire::AckRequest};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Most acknowledgements shown for one notification.
pub(crate) const SHOWN_MAX: usize = 100;

/// Most acknowledgements that wait for a record at once.
pub(crate) const EARLY_MAX: usize = 1_024;

/// So long after its id was made, a notification's record may still be on its way: its publisher has been told that it
/// is stored, or that nobody knows.
const NEW_MS: i64 = 60_000;

/// Between the looks at a record that is on its way: three seconds in all, since a process that ends waits for it.
const PAUSES_MS: [u64; 6] = [50, 100, 200, 400, 800, 1_600];

/// One user's first acknowledgement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Acked {
    pub(crate) user: String,
    pub(crate) session: String,
    pub(crate) at_ms: i64,
}

fn prefix(id: &str) -> String {
    format!("ack/{id}/")
}

/// Keeps the first acknowledgement of each addressee; whatever else a client sends is dropped.
pub(crate) async fn take(core: Arc<Core>, request: AckRequest) {
    if let Err(problem) = keep(&core, request).await {
        core.meters.trail_losses.inc();
        tracing::warn!(
            code = problem.code(),
            "an acknowledgement could not be kept"
        );
    }
}

async fn keep(core: &Core, request: AckRequest) -> Result<(), Problem> {
    let Some(caller) = request.caller else {
        return Ok(());
    };
    if !id::is_id(&request.id) || !channel::is_id(&caller.user) {
        return Ok(());
    }
    let Some(record) = recorded(core, &request.id).await? else {
        return Ok(());
    };
    let own = channels::of(&caller.user, &caller.groups);
    // A topic's readers are let in by their gateway.
    let is_addressee =
        |place: &record::Place| place.channel.kind() == Kind::Topic || own.contains(&place.channel);
    if !record.places.iter().any(is_addressee) {
        return Ok(());
    }
    // Repeated ones stay away from the one writer of the store.
    if by(core, &request.id, &caller.user).await?.is_some() {
        return Ok(());
    }
    let acked = Acked {
        user: caller.user,
        session: caller.session,
        at_ms: request.at_ms,
    };
    let value: Bytes = serde_json::to_vec(&acked).unwrap_or_default().into();
    let key = format!("{}{}", prefix(&request.id), token::encode(&acked.user));
    let ttl_ms = Some(core.settings.retention_ms());
    let put = core
        .handles
        .kv
        .put(bucket::TRAIL, &key, value, Expect::Absent, ttl_ms);
    match put.await {
        Ok(_revision) => core.meters.acks.inc(),
        Err(KvError::Conflict) => {}
        Err(error) => return Err(problem::of_kv(error)),
    }
    Ok(())
}

/// The record of `id`. A client acknowledges what it was sent at once, often before whoever stored the notification has
/// written its record: that of a new one is waited for.
async fn recorded(core: &Core, id: &str) -> Result<Option<Record>, Problem> {
    if let Some(record) = record::get(core, id).await? {
        return Ok(Some(record));
    }
    let is_new =
        id::made_at_ms(id).is_some_and(|at_ms| (core.clock.now_ms() - at_ms).abs() < NEW_MS);
    if !is_new {
        return Ok(None);
    }
    let turn = core.early_acks.try_acquire();
    let _turn = turn.map_err(|_full| problem::unavailable())?;
    for pause_ms in PAUSES_MS {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        if let Some(record) = record::get(core, id).await? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// When `user` acknowledged notification `id`.
pub(crate) async fn by(core: &Core, id: &str, user: &str) -> Result<Option<Acked>, Problem> {
    let key = format!("{}{}", prefix(id), token::encode(user));
    let found = core
        .handles
        .kv
        .get(bucket::TRAIL, &key)
        .await
        .map_err(problem::of_kv)?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()))
}

/// Who acknowledged notification `id`, by user; at most [`SHOWN_MAX`] and one.
pub(crate) async fn all(core: &Core, id: &str) -> Result<Vec<Acked>, Problem> {
    let found = core
        .handles
        .kv
        .scan(bucket::TRAIL, &prefix(id), None, SHOWN_MAX + 1)
        .await
        .map_err(problem::of_kv)?;
    let read = found
        .iter()
        .filter_map(|record| serde_json::from_slice(&record.value).ok());
    Ok(read.collect())
}
