//! The shard's timer: pings, silence, goodbyes that take too long, and the sessions' own deadlines.

use super::Shard;
use crate::{connection::Phase, seat::Key, session::Session};
use fanfare_proto::CloseCode;
use std::time::Duration;

impl Shard {
    /// Puts the connection's next deadline into the wheel, unless an earlier one stands there.
    pub(super) fn schedule(&mut self, key: Key) {
        let silence_s = seconds(self.node.settings.silence);
        let Some(conn) = self.conn(key) else {
            return;
        };
        let due_s = match conn.phase {
            Phase::Goodbye { until_s, .. } => until_s,
            _ => {
                let silent_s = conn.heard_s.saturating_add(silence_s);
                conn.ping_due_s.min(conn.tick_due_s).min(silent_s)
            }
        };
        if due_s < conn.wheel_due_s {
            conn.wheel_due_s = due_s;
            self.wheel.add(due_s, key);
        }
    }

    pub(super) fn tick(&mut self) {
        let now_s = self.node.uptime.seconds();
        for key in self.wheel.advance(now_s) {
            self.check(key, now_s);
        }
    }

    fn check(&mut self, key: Key, now_s: u32) {
        let silence_s = seconds(self.node.settings.silence);
        let interval_s = seconds(self.node.settings.ping_interval);
        let Some(conn) = self.conn(key) else {
            return;
        };
        if conn.wheel_due_s > now_s {
            // An entry that an earlier deadline has replaced.
            return;
        }
        conn.wheel_due_s = u32::MAX;
        match conn.phase {
            // A peer that does not take its goodbye in time gets none.
            Phase::Goodbye { until_s, code, .. } if until_s <= now_s => return self.end(key, code),
            Phase::Goodbye { .. } => return self.schedule(key),
            Phase::Open | Phase::Over(_) => {}
        }
        if now_s.saturating_sub(conn.heard_s) >= silence_s {
            return self.close(key, CloseCode::Silent, 0);
        }
        // Bytes that wait already will show whether the peer is there.
        let pings = conn.ping_due_s <= now_s && !conn.link.is_blocked();
        if conn.ping_due_s <= now_s {
            conn.ping_due_s = now_s + interval_s;
        }
        let ticks = conn.tick_due_s <= now_s;
        if ticks {
            conn.tick_due_s = u32::MAX;
        }
        if pings {
            let ping = self.ping.clone();
            self.send(key, &ping);
        }
        if ticks {
            self.turn(key, Session::on_tick);
        }
        self.schedule(key);
    }
}

/// Whole seconds, at least one: the wheel knows no less.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).max(1)
}
