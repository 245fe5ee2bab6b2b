//! Which sessions there are, for operators.

use super::Shard;
use crate::{connection::Phase, seat::Key};
use fanfare_proto::wire::SessionReport;

/// Signed-in sessions of one shard.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The newest first, without what was written to them.
    pub(crate) sessions: Vec<SessionReport>,
    /// With those that were over the bound.
    pub(crate) total: usize,
}

impl Shard {
    /// At most `newest` of these connections, or of all. Looks at each once, and writes down only those that it answers.
    pub(super) fn list(&self, keys: Option<Vec<Key>>, newest: usize) -> Listing {
        let keys = keys.unwrap_or_else(|| self.open_keys());
        let mut found: Vec<(i64, u32)> = keys
            .into_iter()
            .filter_map(|key| self.listed(key))
            .collect();
        let total = found.len();
        let newest_first = |one: &(i64, u32), other: &(i64, u32)| other.cmp(one);
        if newest < total {
            found.select_nth_unstable_by(newest, newest_first);
            found.truncate(newest);
        }
        found.sort_unstable_by(newest_first);
        let sessions = found.into_iter().map(|(_, slot)| self.describe(slot));
        Listing {
            sessions: sessions.collect(),
            total,
        }
    }

    /// When a session that is open and signed in began, and its slot.
    fn listed(&self, key: Key) -> Option<(i64, u32)> {
        let conn = self.conns.get(key.slot as usize)?;
        let is_listed =
            conn.generation == key.generation && conn.registered && conn.phase == Phase::Open;
        is_listed.then_some((conn.connected_at_ms, key.slot))
    }

    fn describe(&self, slot: u32) -> SessionReport {
        let conn = &self.conns[slot as usize];
        SessionReport {
            session: conn.session.id.to_string(),
            user: conn.session.user().unwrap_or_default().to_owned(),
            node: self.node.settings.node.clone(),
            connected_at_ms: conn.connected_at_ms,
            path: conn.session.endpoint().path().to_owned(),
            address: conn.place.ip().to_string(),
            ..SessionReport::default()
        }
    }
}
