//! The shard's timer: pings, silence, and the sessions' own deadlines.

use super::{Key, Shard};
use crate::{link, outbox::Class};
use fanfare_proto::CloseCode;
use std::time::Duration;

impl Shard {
    /// Puts the connection's next deadline into the wheel, unless an earlier one stands there.
    pub(super) fn schedule(&mut self, key: Key) {
        let silence_s = seconds(self.common.silence);
        let Some(conn) = self.conn(key) else {
            return;
        };
        let silent_s = conn.link.heard_s().saturating_add(silence_s);
        let due_s = conn.ping_due_s.min(conn.link.due_s()).min(silent_s);
        if due_s < conn.wheel_due_s {
            conn.wheel_due_s = due_s;
            self.wheel.add(due_s, key);
        }
    }

    pub(super) fn tick(&mut self) {
        let now_s = self.common.uptime.seconds();
        for key in self.wheel.advance(now_s) {
            self.check(key, now_s);
        }
    }

    fn check(&mut self, key: Key, now_s: u32) {
        let silence_s = seconds(self.common.silence);
        let interval_s = seconds(self.common.ping_interval);
        let ping = self.ping.clone();
        let Some(conn) = self.conn(key) else {
            return;
        };
        if conn.wheel_due_s > now_s {
            // An entry that an earlier deadline has replaced.
            return;
        }
        conn.wheel_due_s = u32::MAX;
        if now_s.saturating_sub(conn.link.heard_s()) >= silence_s {
            conn.link.close(CloseCode::Silent, 0);
            return;
        }
        if conn.ping_due_s <= now_s {
            conn.ping_due_s = now_s + interval_s;
            // Bytes that wait already will show whether the peer is there.
            if !conn.link.is_blocked() {
                let _sent = conn.link.send(&ping, 1, Class::Ephemeral, None);
            }
        }
        if conn.link.due_s() <= now_s {
            conn.link.set_due(u32::MAX);
            conn.link.signal(link::TICK);
        }
        self.schedule(key);
    }
}

/// Whole seconds, at least one: the wheel knows no less.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).max(1)
}
