//! Bytes from the sockets that are ready, and what waits for the writable ones.

use super::{Shard, Sockets};
use crate::{
    connection::{Connection, Phase},
    frame::{self, Event},
    outbox::{Class, Parcel},
    seat::Key,
    session::{Effect, Turn},
};
use std::{io, ops::ControlFlow};

impl Shard {
    /// Serves every socket that was heard of.
    pub(super) fn serve(&mut self, sockets: &Sockets) {
        for event in sockets.events() {
            let Ok(slot) = u32::try_from(event.token().0) else {
                continue;
            };
            let Some(key) = self.key(slot) else {
                continue;
            };
            if event.is_writable() {
                self.write_on(key);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read(key, event.is_read_closed() || event.is_error());
            }
        }
    }

    /// Looks for sockets that are ready, in the midst of a drain.
    pub(super) fn serve_between(&mut self, sockets: &mut Sockets) {
        match sockets.look() {
            Ok(()) => self.serve(sockets),
            // The next wait for them fails too, and says so.
            Err(error) => tracing::debug!(%error, "a look at the sockets failed"),
        }
        self.read_on();
    }

    /// Reads again where a buffer was not enough.
    pub(super) fn read_on(&mut self) {
        for slot in std::mem::take(&mut self.unread) {
            if let Some(key) = self.key(slot) {
                self.read(key, false);
            }
        }
    }

    /// Writes what waits for one connection.
    pub(super) fn write_on(&mut self, key: Key) {
        let now_s = self.node.uptime.seconds();
        let Some(conn) = self.conn(key) else {
            return;
        };
        if !conn.link.is_blocked() {
            return;
        }
        let before = conn.link.queued_bytes();
        let flushed = conn.link.flush();
        let more = conn.link.queued_bytes() - before;
        self.queued(more);
        if flushed.is_err() {
            return self.end(key, None);
        }
        let Some(conn) = self.conn(key) else {
            return;
        };
        // The peer has taken bytes: slow, but there.
        conn.heard_s = now_s;
        if let Phase::Goodbye { said, .. } = &mut conn.phase
            && !conn.link.is_blocked()
            && !std::mem::replace(said, true)
        {
            conn.link.shut_down();
        }
    }

    /// Reads one buffer from one connection. `to_end`: the peer has sent its last.
    fn read(&mut self, key: Key, to_end: bool) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let now_s = self.node.uptime.seconds();
        if let Some(conn) = self.conn(key) {
            match conn.link.read(&mut buffer) {
                Ok(0) => {
                    let code = match conn.phase {
                        Phase::Goodbye { code, .. } => code,
                        Phase::Open | Phase::Over(_) => None,
                    };
                    self.end(key, code);
                }
                Ok(count) => {
                    conn.heard_s = now_s;
                    if conn.phase == Phase::Open {
                        self.feed(key, &mut buffer[..count]);
                    }
                    // A socket that gave less has no more, until it is heard of again.
                    if count == buffer.len() || to_end {
                        self.unread.push(key.slot);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_dead) => self.end(key, None),
            }
        }
        self.buffer = buffer;
    }

    /// Hands what came to the session, and does what it decides.
    pub(super) fn feed(&mut self, key: Key, bytes: &mut [u8]) {
        let now = self.node.now();
        let Some(conn) = self.conn(key) else {
            return;
        };
        let mut fed = Fed::default();
        let Connection {
            decoder, session, ..
        } = conn;
        let violation = decoder
            .feed(bytes, |event| {
                match event {
                    Event::Text(text) => session.on_text(
                        text,
                        &mut Turn {
                            now,
                            effects: &mut fed.effects,
                        },
                    ),
                    // Only the newest of a read is answered, which RFC 6455 (5.5.3) allows: a flood of pings costs its
                    // sender more than it costs us.
                    Event::Ping(payload) => fed.pong = Some(frame::pong(payload)),
                    Event::Pong(_) => {}
                    Event::Close { code, .. } => fed.closed = Some(code),
                }
                if fed.has_ended() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .err();
        if let Some(violation) = &violation {
            tracing::debug!(session = %session.id, %violation, "a peer broke the protocol");
        }
        self.apply(key, fed.effects);
        if let Some(pong) = fed.pong
            && self.conn(key).is_some_and(|conn| !conn.link.is_blocked())
        {
            self.send(key, &Parcel::single(pong, Class::Ephemeral));
        }
        if let Some(code) = fed.closed {
            self.answer_close(key, code);
        }
        if let Some(violation) = violation {
            self.close(key, violation.close_code(), 0);
        }
    }
}

/// What came of one read.
#[derive(Default)]
struct Fed {
    effects: Vec<Effect>,
    pong: Option<Vec<u8>>,
    /// The peer has closed, with this code.
    closed: Option<Option<u16>>,
}

impl Fed {
    fn has_ended(&self) -> bool {
        self.closed.is_some() || matches!(self.effects.last(), Some(Effect::Close(_)))
    }
}
