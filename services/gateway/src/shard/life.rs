//! How a connection comes to its shard, and how it ends.

use super::{Arrival, Shard, timer::seconds};
use crate::{
    connection::{Connection, Phase},
    frame::Decoder,
    link::Link,
    seat::Key,
};
use fanfare_proto::{CloseCode, Timestamp};
use mio::{Interest, Token};

/// Longest a peer may take to read its last words and say goodbye, in seconds.
const GOODBYE_S: u32 = 5;

impl Shard {
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        let Arrival {
            stream,
            session,
            place,
            agreement,
            identity,
            mut first,
        } = arrival;
        self.generation = self.generation.wrapping_add(1);
        let entry = self.conns.vacant_entry();
        let slot = u32::try_from(entry.key()).unwrap_or(u32::MAX);
        let key = Key {
            slot,
            generation: self.generation,
        };
        let now_s = self.node.uptime.seconds();
        let interval_s = seconds(self.node.settings.ping_interval);
        // Spread over the last fifth of the interval, so that a mass of connections does not ping at once.
        let early_s = slot % (interval_s / 5 + 1);
        let conn = entry.insert(Connection {
            link: Link::new(stream),
            phase: Phase::Open,
            generation: self.generation,
            heard_s: now_s,
            ping_due_s: now_s + interval_s - early_s,
            tick_due_s: u32::MAX,
            wheel_due_s: u32::MAX,
            mail: 0,
            decoder: Decoder::new(self.node.settings.frame_bytes, agreement),
            agreement,
            calls: None,
            subscriptions: Vec::new(),
            ended: None,
            session,
            connected_at_ms: self.node.clock.now_ms(),
            registered: false,
            place,
        });
        self.node.figures.connections.inc();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(slot as usize);
        if let Err(error) = self.poll.register(conn.link.stream(), token, interest) {
            tracing::warn!(%error, "a socket cannot be heard");
            return self.end(key, None);
        }
        match identity {
            Some(identity) => self.turn(key, |session, turn| session.begin(identity, turn)),
            None => self.set_alarm(key, self.node.now()),
        }
        if !first.is_empty() {
            self.feed(key, &mut first);
        }
    }

    /// Says why, and closes when the client has taken it.
    pub(super) fn close(&mut self, key: Key, code: CloseCode, retry_after_ms: u64) {
        let now = Timestamp::from_ms(self.node.clock.now_ms());
        let Some(conn) = self.conn(key) else {
            return;
        };
        let before = conn.link.queued_bytes();
        if conn.link.close(code, retry_after_ms, now) {
            let more = conn.link.queued_bytes() - before;
            self.queued(more);
            self.say_goodbye(key, None);
        }
    }

    /// The peer has closed with `code`: answers, behind what is still to be sent.
    pub(super) fn answer_close(&mut self, key: Key, code: Option<u16>) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        let before = conn.link.queued_bytes();
        if conn.link.answer_close() {
            let more = conn.link.queued_bytes() - before;
            self.queued(more);
            self.say_goodbye(key, code);
        }
    }

    fn say_goodbye(&mut self, key: Key, code: Option<u16>) {
        let until_s = self.node.uptime.seconds() + GOODBYE_S;
        let Some(conn) = self.conn(key) else {
            return;
        };
        conn.phase = Phase::Goodbye {
            until_s,
            said: false,
            code,
        };
        if let Some(mut calls) = conn.calls.take() {
            calls.abandon();
        }
        self.schedule(key);
        self.write_on(key);
    }

    /// Ends a connection without a word; the peer has closed with `code`, or is gone.
    pub(super) fn end(&mut self, key: Key, code: Option<u16>) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        conn.phase = Phase::Over(code);
        conn.link.end();
        if let Some(mut calls) = conn.calls.take() {
            calls.abandon();
        }
        self.over.push(key);
    }

    /// Does what waited for the end of a drain.
    pub(super) fn settle(&mut self) {
        for (key, channel) in std::mem::take(&mut self.leaving) {
            self.leave_by_name(key, &channel);
        }
        for key in std::mem::take(&mut self.over) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: Key) {
        let now_ms = self.node.clock.now_ms();
        let Some(conn) = self.conns.get(key.slot as usize) else {
            return;
        };
        let Phase::Over(peer_code) = conn.phase else {
            return;
        };
        let closed = conn.link.closed();
        self.queued(-conn.link.queued_bytes());
        if conn.registered {
            let code = closed.map(CloseCode::as_u16).or(peer_code).unwrap_or(1_006);
            self.node
                .reports
                .session(self.report(key.slot, now_ms, code));
            if let Some(user) = conn.session.user() {
                self.node.registry.unregister(user, self.seat(key));
            }
        }
        while let Some(subscription) = self.conns[key.slot as usize].subscriptions.pop() {
            self.unlist(subscription);
        }
        self.conns.remove(key.slot as usize);
        self.node.figures.connections.dec();
        self.node.figures.closed(closed);
    }
}
