//! What is remembered of a notification beside the log, for its trail and for taking it back.

use crate::{
    core::{Core, bucket},
    problem,
};
use bytes::Bytes;
use fanfare_bus::{
    KvError,
    kv::{Expect, Op},
};
use fanfare_http::Problem;
use fanfare_proto::{Channel, ErrorCode};
use fanfare_tokens::ApiKey;
use serde::{Deserialize, Serialize};

/// Most attempts to change a record that others change too.
const ATTEMPTS: usize = 16;
/// Most records of one batch.
const BATCH_RECORDS: usize = 500;
/// Most bytes of one batch: what a broker takes in one message, with room for keys.
const BATCH_BYTES: usize = 512 * 1024;

/// What became of a place when the notification was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Withdrawn {
    /// It was never sent.
    Cancelled,
    /// It was sent, and taken back.
    Retracted,
    /// It had vanished already: expired or collapsed.
    Gone,
}

/// One channel the notification goes to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) channel: Channel,
    /// `None`: not sent yet, or not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stored_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) withdrawn: Option<Withdrawn>,
}

/// One notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// Id of the API key that published it.
    pub(crate) by: String,
    pub(crate) accepted_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deliver_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) collapse_key: Option<String>,
    /// When its publisher asked to take it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) withdrawn_at_ms: Option<i64>,
    pub(crate) places: Vec<Place>,
}

pub(crate) fn key(id: &str) -> String {
    format!("notification/{id}")
}

/// Sorts by time; one for each scheduled notification.
pub(crate) fn due_key(at_ms: i64, id: &str) -> String {
    format!("due/{at_ms:016}/{id}")
}

/// The name the log knows a scheduled place by.
pub(crate) fn schedule_key(id: &str, place: usize) -> String {
    format!("{id}/{place}")
}

impl Record {
    fn ttl_ms(&self, core: &Core) -> u64 {
        let due_ms = self.deliver_at_ms.unwrap_or(self.accepted_at_ms);
        let wait_ms = u64::try_from(due_ms.saturating_sub(core.clock.now_ms())).unwrap_or(0);
        core.settings.retention_ms().saturating_add(wait_ms)
    }

    fn value(&self) -> Bytes {
        // Serialising fails only for maps with keys that are no strings, and there is no map.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Writes the record if there is none.
    pub(crate) fn put(&self, core: &Core) -> Op {
        Op::Put {
            key: key(&self.id),
            value: self.value(),
            expect: Expect::Absent,
            ttl_ms: Some(self.ttl_ms(core)),
        }
    }
}

/// The record of `id`.
pub(crate) async fn get(core: &Core, id: &str) -> Result<Option<Record>, Problem> {
    Ok(read(core, id).await?.map(|(record, _revision)| record))
}

async fn read(core: &Core, id: &str) -> Result<Option<(Record, u64)>, Problem> {
    let found = core
        .handles
        .kv
        .get(bucket::TRAIL, &key(id))
        .await
        .map_err(problem::of_kv)?;
    let Some(found) = found else { return Ok(None) };
    let record = serde_json::from_slice(&found.value)
        .map_err(|_shape| problem::internal("a notification's record is unreadable"))?;
    Ok(Some((record, found.revision)))
}

/// The record of `id`, for a backend that may see it: the one that published it, or an administrator.
///
/// # Errors
///
/// `not_found`, also for one that somebody else published, so that ids tell nothing.
pub(crate) async fn owned(core: &Core, id: &str, key: &ApiKey) -> Result<Record, Problem> {
    get(core, id)
        .await?
        .filter(|record| record.by == key.id || key.may("admin"))
        .ok_or_else(missing)
}

pub(crate) fn missing() -> Problem {
    Problem::new(
        ErrorCode::NotFound,
        "there is no such notification of yours, or it is older than the trail is kept",
    )
}

/// Changes the record of `id`, again when another worker was faster. `change` says whether there is something to
/// write. Answers the record as it then is; `None` when there is none.
pub(crate) async fn update(
    core: &Core,
    id: &str,
    change: impl Fn(&mut Record) -> bool,
) -> Result<Option<Record>, Problem> {
    for _attempt in 0..ATTEMPTS {
        let Some((mut record, revision)) = read(core, id).await? else {
            return Ok(None);
        };
        if !change(&mut record) {
            return Ok(Some(record));
        }
        let written = core
            .handles
            .kv
            .put(
                bucket::TRAIL,
                &key(id),
                record.value(),
                Expect::Revision(revision),
                Some(record.ttl_ms(core)),
            )
            .await;
        match written {
            Ok(_revision) => return Ok(Some(record)),
            Err(KvError::Conflict) => {}
            Err(error) => return Err(problem::of_kv(error)),
        }
    }
    Err(problem::of_kv(KvError::Conflict))
}

/// Writes those of `records` that are not there yet. They describe what is stored already, so a failure is counted
/// and told in the log: the trail will not know them.
pub(crate) async fn put_all(core: &Core, records: &[Record]) {
    let mut ops = Vec::new();
    let mut bytes = 0;
    for record in records {
        let op = record.put(core);
        let Op::Put { value, .. } = &op else { continue };
        let more = value.len();
        if ops.len() == BATCH_RECORDS || (bytes + more > BATCH_BYTES && !ops.is_empty()) {
            put_batch(core, std::mem::take(&mut ops)).await;
            bytes = 0;
        }
        bytes += more;
        ops.push(op);
    }
    put_batch(core, ops).await;
}

async fn put_batch(core: &Core, ops: Vec<Op>) {
    if ops.is_empty() {
        return;
    }
    match core.handles.kv.batch(bucket::TRAIL, ops.clone()).await {
        Ok(()) => return,
        Err(KvError::Conflict) => {}
        Err(error) => return lost(core, &error),
    }
    // Some are there from an earlier attempt of the same request.
    for op in ops {
        match core.handles.kv.batch(bucket::TRAIL, vec![op]).await {
            Ok(()) | Err(KvError::Conflict) => {}
            Err(error) => lost(core, &error),
        }
    }
}

fn lost(core: &Core, error: &KvError) {
    core.meters.trail_losses.inc();
    tracing::warn!(%error, "a notification was stored but its trail was not");
}
