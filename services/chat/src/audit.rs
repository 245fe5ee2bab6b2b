//! What moderators did, for a year.

use crate::{actor::Actor, core::Core, key};
use fanfare_bus::kv::{Expect, Op};
use fanfare_http::Problem;
use fanfare_proto::Timestamp;
use fanfare_service::{hash, records};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One deed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Deed {
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// `mute`, `unmute`, `ban`, `unban`, `delete`, `remove`, `role`, `rename`, `slow_mode`, `archive` or `restore`.
    #[schema(example = "ban")]
    pub(crate) what: String,
    /// Who did it: a user, or `api-key:<id>`.
    pub(crate) by: String,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Which message it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// When a mute or a ban ends; left out when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(crate) until: Option<String>,
}

impl Deed {
    pub(crate) fn new(what: &str, actor: &Actor, now_ms: i64) -> Self {
        Self {
            at: Timestamp::from_ms(now_ms).to_string(),
            what: what.to_owned(),
            by: actor.by(),
            ..Self::default()
        }
    }
}

/// The step that keeps `deed`.
pub(crate) fn op(core: &Core, room: &str, deed: &Deed) -> Result<Op, Problem> {
    let id = &hash::hex(&hash::random()?)[..8];
    let key = format!("{}{}-{id}", key::audits(room), deed.at);
    let ttl_ms = Some(core.settings.audit_ms());
    Ok(records::put_for(&key, deed, Expect::Any, ttl_ms))
}

/// The deeds in `room` after the cursor `after`, oldest first, and each one's cursor.
pub(crate) async fn list(
    core: &Core,
    room: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Deed)>, Problem> {
    core.records.scan(&key::audits(room), after, limit).await
}
