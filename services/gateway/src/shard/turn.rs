//! What a session decides, carried out.

use super::Shard;
use crate::{
    call::{self, Call},
    calls::{Brief, Completed},
    client::Client,
    connection::{Connection, Phase},
    frame::{self, Agreement},
    link::Sent,
    message,
    outbox::{Class, Parcel},
    seat::Key,
    session::{Effect, Now, Session, Turn},
    shard::Input,
};
use fanfare_proto::CloseCode;
use fanfare_tokens::Identity;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Shard {
    pub(super) fn turn(&mut self, key: Key, step: impl FnOnce(&mut Session, &mut Turn<'_>)) {
        let now = self.node.now();
        let mut effects = Vec::new();
        let Some(conn) = self.conn(key) else {
            return;
        };
        step(
            &mut conn.session,
            &mut Turn {
                now,
                effects: &mut effects,
            },
        );
        self.apply(key, effects);
        self.set_alarm(key, now);
    }

    /// Carries effects out in their order; texts that follow each other go out in one write.
    pub(super) fn apply(&mut self, key: Key, effects: Vec<Effect>) {
        let mut texts = Texts::to(self.agreement(key));
        for effect in effects {
            match effect {
                Effect::Send(text) => texts.add(&text),
                Effect::Limited => self.node.figures.rate_limited.inc(),
                other => {
                    self.send_texts(key, &mut texts);
                    self.carry_out(key, other);
                }
            }
        }
        self.send_texts(key, &mut texts);
    }

    fn carry_out(&mut self, key: Key, effect: Effect) {
        match effect {
            Effect::Send(text) => self.send_text(key, text),
            Effect::Limited => self.node.figures.rate_limited.inc(),
            Effect::Call(call) => self.call(key, call),
            Effect::Leave(channel) => self.leave_channel(key, channel),
            Effect::Identify(identity) => self.identify(key, &identity),
            Effect::Close(code) => self.close(key, code, retry_after_ms(code)),
        }
    }

    fn send_texts(&mut self, key: Key, texts: &mut Texts) {
        if texts.count > 0 {
            let parcel = texts.take();
            self.send(key, &parcel);
        }
    }

    fn agreement(&mut self, key: Key) -> Option<Agreement> {
        self.conn(key).and_then(|conn| conn.agreement)
    }

    pub(super) fn send_text(&mut self, key: Key, text: Vec<u8>) {
        let mut texts = Texts::to(self.agreement(key));
        texts.add(&text);
        self.send_texts(key, &mut texts);
    }

    /// Sends one parcel to one connection.
    pub(super) fn send(&mut self, key: Key, parcel: &Parcel) {
        let bounds = self.node.bounds();
        if let Some(conn) = self.conn(key) {
            let before = conn.link.queued_bytes();
            let sent = conn.link.send(std::iter::once(parcel), bounds);
            let more = conn.link.queued_bytes() - before;
            self.queued(more);
            self.sent(key, sent);
        }
    }

    /// So many more bytes wait for clients; fewer when negative.
    pub(super) fn queued(&self, bytes: i64) {
        if bytes != 0 {
            self.node.figures.queued_bytes.add(bytes);
        }
    }

    /// Tells `done` once nothing waits for the client any more.
    pub(super) fn when_drained(&mut self, key: Key, done: oneshot::Sender<()>) {
        if let Some(conn) = self.conn(key).filter(|conn| conn.phase == Phase::Open) {
            conn.link.when_drained(done);
        }
    }

    /// What follows from what became of parcels.
    pub(super) fn sent(&mut self, key: Key, sent: Sent) {
        match sent {
            Sent::Written | Sent::Queued | Sent::Closed => {}
            Sent::TooSlow => self.close(key, CloseCode::TooSlow, 0),
            Sent::Broken => self.end(key, None),
        }
    }

    /// Begins a call, in a task of its own if it needs one.
    fn call(&mut self, key: Key, call: Call) {
        if let Call::Typing { id, channel, .. } = &call
            && !self.reads(key, channel)
        {
            return self.turn(key, |session, turn| {
                session.call_ended();
                session.refuse(id.as_deref(), &message::not_subscribed(), turn);
            });
        }
        let Some(call) = self.subscribe_live(key, call) else {
            return;
        };
        let node = Arc::clone(&self.node);
        let seat = self.seat(key);
        let Some(conn) = self.conn(key) else {
            return;
        };
        let calls = conn.calls.get_or_insert_default();
        let number = calls.next();
        let client = Client {
            seat,
            session: conn.session.id,
            identity: conn.session.identity(),
            call: number,
            replay_turn: calls.replay_turn(),
            node: Arc::clone(&node),
        };
        let brief = Brief::of(&call);
        let shard = node.shards[usize::from(seat.shard)].clone();
        let task = node.tasks.spawn(async move {
            let completion = call::run(call, client).await;
            let completed = Completed { number, completion };
            shard.tell(Input::Completed(key, completed)).await;
        });
        calls.began(number, brief, Some(task.abort_handle()));
    }

    pub(super) fn completed(&mut self, key: Key, completed: Completed) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        let Some(calls) = &mut conn.calls else {
            return;
        };
        let awaited = calls.completed(completed.number);
        conn.calls.take_if(|calls| calls.is_empty());
        if awaited {
            self.turn(key, |session, turn| {
                session.on_completion(completed.completion, turn);
            });
        }
    }

    fn identify(&mut self, key: Key, identity: &Arc<Identity>) {
        let node = Arc::clone(&self.node);
        let seat = self.seat(key);
        let Some(conn) = self.conn(key) else {
            return;
        };
        if !conn.registered {
            let limit = node.settings.connections_per_user;
            conn.registered = node.registry.register(&identity.user, seat, limit);
            if !conn.registered {
                let code = CloseCode::TooManyConnections;
                return self.close(key, code, retry_after_ms(code));
            }
        }
        // Whoever revoked the token before the session was registered has not seen it.
        if node.authority.is_revoked(identity) {
            self.close(key, CloseCode::Unauthorized, 0);
        }
    }

    /// Sets when the session is woken for [`Session::on_tick`].
    pub(super) fn set_alarm(&mut self, key: Key, now: Now) {
        let now_s = self.node.uptime.seconds();
        let Some(conn) = self.conn(key) else {
            return;
        };
        let Connection {
            session,
            tick_due_s,
            ..
        } = conn;
        let seconds = session.next_tick_ms(now).div_ceil(1_000);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        *tick_due_s = now_s.saturating_add(seconds.max(1));
        self.schedule(key);
    }
}

/// When a client that is sent away may come back.
pub(crate) const fn retry_after_ms(code: CloseCode) -> u64 {
    match code {
        CloseCode::TryLater | CloseCode::TooManyConnections | CloseCode::RateAbuse => 10_000,
        CloseCode::Restart => 1_000,
        _ => 0,
    }
}

/// Text frames on their way to one client.
struct Texts {
    agreement: Option<Agreement>,
    bytes: Vec<u8>,
    count: usize,
}

impl Texts {
    const fn to(agreement: Option<Agreement>) -> Self {
        Self {
            agreement,
            bytes: Vec::new(),
            count: 0,
        }
    }

    fn add(&mut self, text: &[u8]) {
        let bytes = self
            .agreement
            .filter(|own| own.admits(text.len()))
            .and_then(|_| frame::compressed(text))
            .unwrap_or_else(|| frame::text(text));
        if self.count == 0 {
            self.bytes = bytes;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
        self.count += 1;
    }

    fn take(&mut self) -> Parcel {
        Parcel {
            bytes: std::mem::take(&mut self.bytes).into(),
            frames: std::mem::take(&mut self.count),
            class: Class::Kept,
            mark: None,
        }
    }
}
