//! A request to make a room that may come again.
//!
//! What it made is remembered in the same step that makes it, so of two at once only one makes something.

use crate::{actor::Actor, core::Core, key};
use fanfare_bus::{
    kv::{Expect, Op},
    log::DEDUP_WINDOW_MS,
};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use fanfare_service::{hash, records};
use serde::{Deserialize, Serialize};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    key: String,
    /// Of everything it says.
    digest: String,
}

/// What it made the first time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct First {
    digest: String,
    pub(crate) room: String,
    /// It made the room, and did not find it.
    pub(crate) is_new: bool,
}

impl Once {
    /// The request of `actor` with this `Idempotency-Key`, which says `body`.
    pub(crate) fn new(actor: &Actor, idempotency_key: &str, body: &[u8]) -> Self {
        let by = actor.by();
        let id = hash::hex_of(&[by.as_bytes(), idempotency_key.as_bytes()]);
        Self {
            key: key::once(&id),
            digest: hash::hex_of(&[body]),
        }
    }

    /// What it made before, if anything.
    ///
    /// # Errors
    ///
    /// `conflict` when the key came with another request.
    pub(crate) async fn first(&self, core: &Core) -> Result<Option<First>, Problem> {
        let first: Option<First> = core.records.get(&self.key).await?;
        match first {
            Some(first) if first.digest != self.digest => Err(Problem::new(
                ErrorCode::Conflict,
                "this Idempotency-Key was used for another request in the last 24 hours; use a new one",
            )),
            first => Ok(first),
        }
    }

    /// The step that remembers it.
    pub(crate) fn op(&self, room: &str, is_new: bool) -> Op {
        let first = First {
            digest: self.digest.clone(),
            room: room.to_owned(),
            is_new,
        };
        records::put_for(&self.key, &first, Expect::Absent, Some(DEDUP_WINDOW_MS))
    }
}
