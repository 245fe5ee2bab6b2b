//! The protocol as a state machine: a frame, a verdict or a tick in; effects out. No socket, no clock, no bus.

mod aside;
mod endpoint;
mod id;
mod refusal;
mod rooms;
mod sign_in;
mod typing;

pub(crate) use endpoint::Endpoint;
pub(crate) use id::SessionId;
pub(crate) use refusal::Refusal;
pub(crate) use rooms::RoomPage;

use crate::{
    call::{Call, Completion},
    message,
    rate::Bucket,
};
use aside::Aside;
use fanfare_proto::{
    Channel, CloseCode, ErrorCode, Timestamp,
    client::{self, ClientFrame},
    server::{self, ServerFrame},
    text::{Lang, Phrase},
    wire::Caller,
};
use fanfare_tokens::{Identity, PackedIdentity};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// Answers that may be under way for one connection: a whole burst of frames, and what its path begins by itself. A
/// client that asks more is told to try again.
const CALLS: u16 = 64;

/// Refused frames in a row of bursts after which a session is closed: a client that ignores this many hints floods.
const ABUSE: u16 = 200;

/// The time of a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall_ms: i64,
    /// Of the node's life.
    pub(crate) ms: u64,
}

impl Now {
    pub(crate) const fn timestamp(self) -> Timestamp {
        Timestamp::from_ms(self.wall_ms)
    }
}

/// What a session is told once about where it runs.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) node: String,
    pub(crate) heartbeat_interval_ms: u64,
    pub(crate) auth_timeout_ms: u64,
    pub(crate) token_notice_ms: i64,
    pub(crate) subscriptions: usize,
    pub(crate) frames_per_second: u32,
    pub(crate) frames_burst: u32,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A text frame to this client.
    Send(Vec<u8>),
    /// Something that takes time; its [`Completion`] comes back.
    Call(Call),
    /// A frame was refused because it came too fast: to be counted.
    Limited,
    /// The reading of this channel ends.
    Leave(Channel),
    /// The bearer is known now, or has a fresh token.
    Identify(Arc<Identity>),
    Close(CloseCode),
}

/// One client's conversation.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) lang: Lang,
    endpoint: Endpoint,
    terms: Arc<Terms>,
    identity: Option<PackedIdentity>,
    /// When the bearer's token ends.
    expires_at_ms: i64,
    /// Exists while there is something in it.
    aside: Option<Box<Aside>>,
    channels: Vec<Channel>,
    calls: u16,
    bucket: Bucket,
    refused: u16,
    noticed: bool,
    begun_ms: u64,
    /// A `since` of the `auth` frame is being verified with its token.
    verifying: bool,
}

/// One turn of the state machine: the time, and what is to be done.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    pub(crate) fn send(&mut self, text: Vec<u8>) {
        self.effects.push(Effect::Send(text));
    }
}

#[derive(Serialize)]
struct Expiring {
    expires_at: Timestamp,
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        endpoint: Endpoint,
        lang: Option<Lang>,
        resume: HashMap<Channel, String>,
        terms: Arc<Terms>,
        now: Now,
    ) -> Self {
        let aside = (!resume.is_empty()).then(|| {
            Box::new(Aside {
                resume,
                ..Aside::default()
            })
        });
        Self {
            id,
            lang: lang.unwrap_or_else(|| endpoint.lang()),
            endpoint,
            bucket: Bucket::new(terms.frames_burst, now.ms),
            terms,
            identity: None,
            expires_at_ms: 0,
            aside,
            channels: Vec::new(),
            calls: 0,
            refused: 0,
            noticed: false,
            begun_ms: now.ms,
            verifying: false,
        }
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity.as_ref().map(PackedIdentity::unpack)
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.identity.as_ref().map(PackedIdentity::user)
    }

    /// Who asks, for a service.
    pub(crate) fn caller(&self) -> Option<Caller> {
        Some(caller(self.id, self.identity()?))
    }

    pub(crate) const fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    pub(crate) fn words(&self, phrase: Phrase) -> &'static str {
        self.lang.words(phrase)
    }

    /// The bearer's token was good before the session began.
    pub(crate) fn begin(&mut self, identity: Arc<Identity>, turn: &mut Turn<'_>) {
        self.welcome(identity, turn);
    }

    /// A text frame has come.
    pub(crate) fn on_text(&mut self, text: &str, turn: &mut Turn<'_>) {
        let Terms {
            frames_per_second,
            frames_burst,
            ..
        } = *self.terms;
        let taken = self
            .bucket
            .take(turn.now.ms, frames_per_second, frames_burst);
        if let Err(retry_after_ms) = taken {
            turn.effects.push(Effect::Limited);
            self.refused += 1;
            if self.refused > ABUSE {
                turn.effects.push(Effect::Close(CloseCode::RateAbuse));
                return;
            }
            let refusal = Refusal {
                retry_after_ms,
                ..ErrorCode::RateLimited.into()
            };
            // Whoever asked is told that it was this that is not answered.
            return self.refuse(client::id(text).as_deref(), &refusal, turn);
        }
        self.refused = self.refused.saturating_sub(1);
        let frame = match ClientFrame::parse(text) {
            Ok(frame) => frame,
            Err(code) => {
                let id = client::id(text);
                return self.refuse(id.as_deref(), &code.into(), turn);
            }
        };
        if self.identity.is_none() && frame.kind != "auth" {
            let refusal = Refusal::new(ErrorCode::Unauthorized, "send an auth frame first");
            return self.refuse(frame.id.as_deref(), &refusal, turn);
        }
        let outcome = match message::find(&frame.kind) {
            Some(handle) => handle(self, &frame, turn),
            None => Err(ErrorCode::UnknownType.into()),
        };
        if let Err(refusal) = outcome {
            self.refuse(frame.id.as_deref(), &refusal, turn);
        }
        self.go_on(turn);
    }

    /// Something that took time is done.
    pub(crate) fn on_completion(&mut self, completion: Completion, turn: &mut Turn<'_>) {
        self.calls = self.calls.saturating_sub(1);
        match completion {
            Completion::Sent => {}
            Completion::Subscribed(channel) => {
                self.settle_room(&channel);
            }
            Completion::Answer { id, outcome } => match outcome {
                Ok(text) => turn.send(text),
                Err(refusal) => self.refuse(id.as_deref(), &refusal, turn),
            },
            Completion::NotSubscribed {
                id,
                channel,
                refusal,
            } => {
                self.channels.retain(|own| *own != channel);
                self.refuse(id.as_deref(), &refusal, turn);
                if self.settle_room(&channel) {
                    // The error does not say which of the rooms that were listed it is about.
                    turn.send(message::unsubscribed(None, &channel, turn.now));
                }
            }
            Completion::Verified { id, outcome } => self.verified(id.as_deref(), outcome, turn),
            Completion::Rooms(outcome) => self.listed(outcome, turn),
        }
        self.go_on(turn);
    }

    /// A call has ended that has no completion.
    pub(crate) const fn call_ended(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    /// A deadline may have come.
    pub(crate) fn on_tick(&mut self, turn: &mut Turn<'_>) {
        if self.identity.is_none() {
            if turn.now.ms >= self.begun_ms + self.terms.auth_timeout_ms {
                turn.effects.push(Effect::Close(CloseCode::AuthTimeout));
            }
            return;
        }
        if turn.now.wall_ms >= self.expires_at_ms {
            turn.effects.push(Effect::Close(CloseCode::Unauthorized));
        } else if !self.noticed
            && turn.now.wall_ms >= self.expires_at_ms - self.terms.token_notice_ms
        {
            self.noticed = true;
            let frame = ServerFrame {
                data: Some(Expiring {
                    expires_at: Timestamp::from_ms(self.expires_at_ms),
                }),
                ..ServerFrame::new("token_expiring", turn.now.timestamp())
            };
            turn.send(frame.encode());
        }
    }

    /// In how many milliseconds [`on_tick`](Self::on_tick) has something to do.
    pub(crate) fn next_tick_ms(&self, now: Now) -> u64 {
        if self.identity.is_none() {
            return (self.begun_ms + self.terms.auth_timeout_ms).saturating_sub(now.ms);
        }
        let notice_ms = if self.noticed {
            0
        } else {
            self.terms.token_notice_ms
        };
        u64::try_from(self.expires_at_ms - notice_ms - now.wall_ms).unwrap_or(0)
    }

    /// Begins a call, if the client has not too many under way.
    pub(crate) fn call(&mut self, call: Call, turn: &mut Turn<'_>) -> Result<(), Refusal> {
        self.has_room()?;
        self.begin_call(call, turn);
        Ok(())
    }

    /// Whether another call may begin.
    pub(crate) fn has_room(&self) -> Result<(), Refusal> {
        if self.calls < CALLS {
            return Ok(());
        }
        Err(Refusal {
            retry_after_ms: 100,
            ..ErrorCode::RateLimited.into()
        })
    }

    fn begin_call(&mut self, call: Call, turn: &mut Turn<'_>) {
        self.calls += 1;
        turn.effects.push(Effect::Call(call));
    }

    /// Adds a channel to what this session reads; `false` when it is read already.
    pub(crate) fn add_channel(&mut self, channel: &Channel) -> Result<bool, Refusal> {
        self.leave_to_client(channel);
        if self.channels.contains(channel) {
            return Ok(false);
        }
        if self.channels.len() >= self.terms.subscriptions {
            let limit = self.terms.subscriptions;
            return Err(Refusal::new(
                ErrorCode::RateLimited,
                format!("a connection reads at most {limit} channels"),
            ));
        }
        self.channels.reserve_exact(1);
        self.channels.push(channel.clone());
        Ok(true)
    }

    /// Lets the session hold the same name of `channel` that everybody on the node holds.
    pub(crate) fn share_name(&mut self, channel: &Channel) {
        if let Some(own) = self.channels.iter_mut().find(|own| *own == channel) {
            *own = channel.clone();
        }
    }

    /// Whether this session reads a channel, or is about to.
    pub(crate) fn has_channel(&self, channel: &Channel) -> bool {
        self.channels.contains(channel)
    }

    /// Takes a channel from what this session reads, or was to; `false` when it is not.
    pub(crate) fn remove_channel(&mut self, channel: &Channel) -> bool {
        let was_to_come = self.leave_to_client(channel);
        let before = self.channels.len();
        self.channels.retain(|own| own != channel);
        was_to_come || self.channels.len() < before
    }

    pub(crate) fn refuse(&self, id: Option<&str>, refusal: &Refusal, turn: &mut Turn<'_>) {
        let words = refusal
            .message
            .as_deref()
            .unwrap_or_else(|| self.lang.error(refusal.code));
        turn.send(server::error(
            refusal.code,
            id,
            words,
            refusal.retry_after_ms,
            turn.now.timestamp(),
        ));
    }
}

/// Who asks, for a service.
pub(crate) fn caller(session: SessionId, identity: Identity) -> Caller {
    Caller {
        user: identity.user,
        session: session.to_string(),
        name: identity.name.unwrap_or_default(),
        groups: identity.groups,
    }
}

#[cfg(test)]
mod tests;
