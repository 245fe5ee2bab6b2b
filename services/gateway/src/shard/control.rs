//! What the rest of the node asks of a shard.

use super::{Control, Shard};
use crate::{connection::Phase, seat::Key};
use fanfare_proto::wire::{Coverage, SessionReport};

impl Shard {
    pub(super) fn control(&mut self, control: Control) {
        match control {
            Control::Close(key, code, retry_after_ms) => self.close(key, code, retry_after_ms),
            Control::CloseAll(code, retry_after_ms) => {
                for key in self.open_keys() {
                    self.close(key, code, retry_after_ms);
                }
            }
            Control::CloseSession(session, code, done) => {
                let is_meant = |key: &Key| self.conns[key.slot as usize].session.id == session;
                let key = self.open_keys().into_iter().find(is_meant);
                if let Some(key) = key {
                    self.close(key, code, super::retry_after_ms(code));
                }
                // Whoever asked may have gone.
                let _gone = done.send(key.is_some());
            }
            Control::Expel(key, channel, done) => self.expel(key, &channel, done),
            Control::Recheck(Some(key)) => self.recheck(key),
            Control::Recheck(None) => {
                for key in self.open_keys() {
                    self.recheck(key);
                }
            }
            Control::Report(key, reply) => {
                let is_member = self.conn(key).is_some_and(|conn| conn.registered);
                let report = is_member.then(|| self.report(key.slot, 0, 0));
                // Whoever asked may have gone.
                let _gone = reply.send(report);
            }
            Control::List(keys, newest, reply) => {
                let _gone = reply.send(self.list(keys, newest));
            }
            Control::Keys(reply) => {
                let _gone = reply.send(self.open_keys());
            }
        }
    }

    /// Every connection that is not on its way out.
    pub(super) fn open_keys(&self) -> Vec<Key> {
        self.conns
            .iter()
            .filter(|(_, conn)| conn.phase == Phase::Open)
            .filter_map(|(slot, _)| self.key(u32::try_from(slot).ok()?))
            .collect()
    }

    /// Closes a connection whose token was revoked.
    fn recheck(&mut self, key: Key) {
        let node = std::sync::Arc::clone(&self.node);
        let revoked = self.conn(key).is_some_and(|conn| {
            conn.session
                .identity()
                .is_some_and(|identity| node.authority.is_revoked(&identity))
        });
        if revoked {
            self.close(key, fanfare_proto::CloseCode::Unauthorized, 0);
        }
    }

    /// What was written to the session in `slot` so far. `ended_at_ms` 0: it is still there.
    pub(super) fn report(&self, slot: u32, ended_at_ms: i64, close_code: u16) -> SessionReport {
        let conn = &self.conns[slot as usize];
        let open = conn
            .subscriptions
            .iter()
            .filter_map(|subscription| self.coverage(conn, subscription, ended_at_ms));
        let ended = conn.ended.iter().flat_map(|ended| ended.iter().cloned());
        let coverage: Vec<Coverage> = ended.chain(open).collect();
        let user = conn.session.user().unwrap_or_default().to_owned();
        SessionReport {
            session: conn.session.id.to_string(),
            user,
            node: self.node.settings.node.clone(),
            connected_at_ms: conn.connected_at_ms,
            ended_at_ms,
            close_code: close_code.into(),
            coverage,
            path: conn.session.endpoint().path().to_owned(),
            address: String::new(),
        }
    }
}
