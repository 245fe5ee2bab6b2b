//! What clients say they got.

use crate::{
    core::{Core, bucket},
    inbox::channels,
    notification::{id, record},
    problem,
};
use bytes::Bytes;
use fanfare_bus::{KvError, kv::Expect};
use fanfare_http::Problem;
use fanfare_proto::{Kind, channel, token, wire::AckRequest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most acknowledgements shown for one notification.
pub(crate) const SHOWN_MAX: usize = 100;

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
    let Some(record) = record::get(core, &request.id).await? else {
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
