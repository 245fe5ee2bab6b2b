//! How a session gets its bearer, and what it is told and subscribed to then.

use super::{Effect, Endpoint, Expiring, Refusal, Session, SessionId, Turn};
use crate::{call::Call, handshake::RESUME, message};
use fanfare_proto::{
    Channel, CloseCode, ErrorCode, Kind, Timestamp,
    server::{Line, ServerFrame},
    text::Phrase,
};
use fanfare_tokens::{Identity, PackedIdentity, TokenError};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

#[derive(Serialize)]
struct Welcome<'a> {
    session: SessionId,
    node: &'a str,
    user: &'a str,
    heartbeat_interval_ms: u64,
    token_expires_at: Timestamp,
    version: &'static str,
}

impl Session {
    /// The `auth` frame's token is with the authority. `resume` holds for channels subscribed at the start.
    pub(crate) fn verify(
        &mut self,
        id: Option<String>,
        token: String,
        resume: HashMap<Channel, String>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Refusal> {
        if self.verifying {
            return Err(Refusal::new(
                ErrorCode::Conflict,
                "another token is being checked",
            ));
        }
        // Not bound by the calls under way: a session that is busy must still be able to refresh its token.
        self.begin_call(Call::Verify { id, token }, turn);
        self.verifying = true;
        if self.identity.is_none() {
            let resume = resume.into_iter().take(RESUME);
            self.aside().resume.extend(resume);
            self.tidy();
        }
        Ok(())
    }

    pub(super) fn verified(
        &mut self,
        id: Option<&str>,
        outcome: Result<Arc<Identity>, TokenError>,
        turn: &mut Turn<'_>,
    ) {
        self.verifying = false;
        let identity = match (outcome, &self.identity) {
            (Ok(identity), Some(own)) if own.user() != identity.user => {
                let refusal = Refusal::new(ErrorCode::Forbidden, "the token is another user's");
                return self.refuse(id, &refusal, turn);
            }
            (Ok(identity), _) => identity,
            // Nothing is wrong with the token: the client may try it again here.
            (Err(error @ TokenError::Unavailable), _) => {
                return self.refuse(
                    id,
                    &Refusal::new(ErrorCode::Unavailable, error.to_string()),
                    turn,
                );
            }
            (Err(error), own) => {
                let refusal = Refusal::new(ErrorCode::Unauthorized, error.to_string());
                let close = own.is_none();
                self.refuse(id, &refusal, turn);
                if close {
                    turn.effects.push(Effect::Close(CloseCode::Unauthorized));
                }
                return;
            }
        };
        let frame = ServerFrame {
            id,
            user: Some(&identity.user),
            message: Some(Line::Text(self.words(Phrase::Authenticated))),
            data: Some(Expiring {
                expires_at: Timestamp::from_ms(identity.expires_at_ms),
            }),
            ..ServerFrame::new("auth_response", turn.now.timestamp())
        };
        turn.send(frame.encode());
        if self.identity.is_some() {
            self.refresh(identity, turn);
        } else {
            self.welcome(identity, turn);
        }
    }

    /// A fresh token may say less than the one before: what it no longer allows ends.
    fn refresh(&mut self, identity: Arc<Identity>, turn: &mut Turn<'_>) {
        self.noticed = false;
        turn.effects.push(Effect::Identify(Arc::clone(&identity)));
        let lost: Vec<Channel> = self
            .channels
            .iter()
            .filter(|channel| channel.kind() != Kind::Room && !identity.may_read(channel))
            .cloned()
            .collect();
        self.keep(&identity);
        for channel in lost {
            self.remove_channel(&channel);
            turn.send(message::unsubscribed(None, &channel, turn.now));
            turn.effects.push(Effect::Leave(channel));
        }
    }

    pub(super) fn welcome(&mut self, identity: Arc<Identity>, turn: &mut Turn<'_>) {
        turn.effects.push(Effect::Identify(Arc::clone(&identity)));
        let data = Welcome {
            session: self.id,
            node: &self.terms.node,
            user: &identity.user,
            heartbeat_interval_ms: self.terms.heartbeat_interval_ms,
            token_expires_at: Timestamp::from_ms(identity.expires_at_ms),
            version: env!("CARGO_PKG_VERSION"),
        };
        let frame = ServerFrame {
            message: Some(Line::Text(self.words(Phrase::Welcome))),
            user: Some(&identity.user),
            data: Some(data),
            ..ServerFrame::new("welcome", turn.now.timestamp())
        };
        turn.send(frame.encode());
        self.keep(&identity);
        match self.endpoint {
            Endpoint::Test | Endpoint::Plain => self.end_resume(),
            Endpoint::Notifications => {
                for channel in inbox(&identity) {
                    self.subscribe_at_start(channel, turn);
                }
                self.end_resume();
                self.begin_call(Call::Counts, turn);
            }
            Endpoint::Chat => {
                // A user's id is an id.
                if let Ok(own) = Channel::new(Kind::User, &identity.user) {
                    self.begin_rooms(own, turn);
                }
            }
        }
    }

    fn keep(&mut self, identity: &Identity) {
        self.identity = Some(PackedIdentity::new(identity));
        self.expires_at_ms = identity.expires_at_ms;
    }

    /// Not bound by [`CALLS`](super::CALLS): the client has asked for all of them with one path.
    pub(super) fn subscribe_at_start(&mut self, channel: Channel, turn: &mut Turn<'_>) {
        let since = self.take_resume(&channel);
        match self.add_channel(&channel) {
            Ok(true) => {}
            // The client was quicker, or a group is named twice.
            Ok(false) => return,
            Err(refusal) => return self.refuse(None, &refusal, turn),
        }
        let call = Call::Subscribe {
            id: None,
            channel,
            since,
            presence: false,
            ask: false,
        };
        self.begin_call(call, turn);
    }
}

/// The channels of an inbox: the user's own, his groups, and everybody's.
fn inbox(identity: &Identity) -> Vec<Channel> {
    let own = Channel::new(Kind::User, &identity.user);
    let groups = identity
        .groups
        .iter()
        .map(|group| Channel::new(Kind::Group, group));
    let mut channels: Vec<Channel> = std::iter::once(own).chain(groups).flatten().collect();
    channels.push(Channel::all());
    channels
}
