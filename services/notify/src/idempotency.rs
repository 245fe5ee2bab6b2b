//! The first answer again, and no second message.
//!
//! A record is claimed before anything is done. It holds what the ids follow from, so an attempt that died half-way is
//! finished by the next one with the same ids, and the log appends nothing twice. The answer is put into the record
//! last; of two attempts at once, the answer of the faster one is everybody's.

use crate::{
    core::{Core, bucket},
    hash,
    notification::id::Seed,
    problem,
};
use bytes::Bytes;
use fanfare_bus::{KvError, kv::Expect, log::DEDUP_WINDOW_MS};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Most attempts to claim a key whose record comes and goes.
const ATTEMPTS: usize = 4;

#[derive(Serialize, Deserialize)]
struct Record {
    /// Of the request that claimed the key.
    digest: String,
    random: [u8; 16],
    at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Box<RawValue>>,
}

/// What to do with a request.
pub(crate) enum Begun {
    /// Do it, and then [`finish`](Slot::finish), or [`release`](Slot::release) when it was refused.
    Run(Slot),
    /// It was done: this is the answer.
    Again(Box<RawValue>),
}

/// A request under way.
pub(crate) struct Slot {
    pub(crate) seed: Seed,
    /// `None`: the caller sent no key.
    claim: Option<Claim>,
}

struct Claim {
    key: String,
    digest: String,
    revision: u64,
}

/// Begins a request of `scope` (an API key's id) to `path` with `body`.
///
/// # Errors
///
/// `conflict` when the same key came with another request before.
pub(crate) async fn begin(
    core: &Core,
    scope: &str,
    key: Option<&str>,
    path: &str,
    body: &[u8],
) -> Result<Begun, Problem> {
    let seed = Seed {
        random: hash::random()?,
        at_ms: core.clock.now_ms(),
    };
    let Some(key) = key else {
        return Ok(Begun::Run(Slot { seed, claim: None }));
    };
    let key = hash::hex_of(&[scope.as_bytes(), key.as_bytes()]);
    let digest = hash::hex_of(&[path.as_bytes(), body]);
    let record = Record {
        digest: digest.clone(),
        random: seed.random,
        at_ms: seed.at_ms,
        answer: None,
    };
    for _attempt in 0..ATTEMPTS {
        match put(core, &key, &record, Expect::Absent).await {
            Ok(revision) => {
                let claim = Some(Claim {
                    key,
                    digest,
                    revision,
                });
                return Ok(Begun::Run(Slot { seed, claim }));
            }
            Err(KvError::Conflict) => {}
            Err(error) => return Err(problem::of_kv(error)),
        }
        let Some((known, revision)) = read(core, &key).await? else {
            continue;
        };
        if known.digest != digest {
            return Err(Problem::new(
                ErrorCode::Conflict,
                "this Idempotency-Key was used for another request in the last 24 hours; use a new one",
            ));
        }
        if let Some(answer) = known.answer {
            core.meters.replays.inc();
            return Ok(Begun::Again(answer));
        }
        let seed = Seed {
            random: known.random,
            at_ms: known.at_ms,
        };
        let claim = Some(Claim {
            key,
            digest,
            revision,
        });
        return Ok(Begun::Run(Slot { seed, claim }));
    }
    Err(problem::of_kv(KvError::Conflict))
}

impl Slot {
    /// Whether this very request may come again, with the same ids: then the log has to remember them.
    pub(crate) const fn is_repeatable(&self) -> bool {
        self.claim.is_some()
    }

    /// Keeps `answer` and gives back what to answer: `answer`, or that of a faster attempt.
    pub(crate) async fn finish(self, core: &Core, answer: Box<RawValue>) -> Box<RawValue> {
        let Some(claim) = self.claim else {
            return answer;
        };
        let record = Record {
            digest: claim.digest,
            random: self.seed.random,
            at_ms: self.seed.at_ms,
            answer: Some(answer.clone()),
        };
        match put(core, &claim.key, &record, Expect::Revision(claim.revision)).await {
            Ok(_revision) => answer,
            Err(KvError::Conflict) => match read(core, &claim.key).await {
                Ok(Some((known, _revision))) => known.answer.unwrap_or(answer),
                _ => answer,
            },
            Err(error) => {
                // A repeated request runs again with the same ids, and so gives the same answer.
                tracing::warn!(%error, "an answer could not be kept for its Idempotency-Key");
                answer
            }
        }
    }

    /// Gives the key back: nothing was done, and the caller may correct the request.
    pub(crate) async fn release(self, core: &Core) {
        let Some(claim) = self.claim else { return };
        let expect = Expect::Revision(claim.revision);
        let deleted = core
            .handles
            .kv
            .delete(bucket::IDEMPOTENCY, &claim.key, expect)
            .await;
        if let Err(error) = deleted {
            tracing::debug!(%error, "an Idempotency-Key stays claimed");
        }
    }
}

async fn put(core: &Core, key: &str, record: &Record, expect: Expect) -> Result<u64, KvError> {
    // Serialising fails only for maps with keys that are no strings, and there is no map.
    let value: Bytes = serde_json::to_vec(record).unwrap_or_default().into();
    core.handles
        .kv
        .put(
            bucket::IDEMPOTENCY,
            key,
            value,
            expect,
            Some(DEDUP_WINDOW_MS),
        )
        .await
}

async fn read(core: &Core, key: &str) -> Result<Option<(Record, u64)>, Problem> {
    let found = core
        .handles
        .kv
        .get(bucket::IDEMPOTENCY, key)
        .await
        .map_err(problem::of_kv)?;
    let Some(found) = found else { return Ok(None) };
    let record = serde_json::from_slice(&found.value)
        .map_err(|_shape| problem::internal("an idempotency record is unreadable"))?;
    Ok(Some((record, found.revision)))
}
