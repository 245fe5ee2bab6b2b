//! That somebody is typing. Never stored.

use crate::{actor::Actor, core::Core, event, room::Action};
use fanfare_proto::{Channel, Kind, wire::TypingRequest};
use fanfare_service::serve::known;
use serde::Serialize;
use std::sync::Arc;

/// How long it is shown without another: two of those that a client sends, and what one may be late.
const EXPIRES_MS: u64 = 7_000;

/// The value of `data` in `typing`.
#[derive(Serialize)]
struct Typing<'a> {
    user: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    on: bool,
    expires_in_ms: u64,
}

/// Tells the others in the room, if the user may write there.
pub(crate) async fn take(core: Arc<Core>, request: TypingRequest) {
    let (Ok(caller), Ok(channel)) = (known(request.caller), Channel::parse(&request.channel))
    else {
        return;
    };
    let actor = Actor::from(&caller);
    if channel.kind() != Kind::Room {
        return;
    }
    if core
        .allowed(channel.id(), &actor, Action::Write)
        .await
        .is_err()
    {
        return;
    }
    let data = Typing {
        user: &caller.user,
        name: &caller.name,
        on: request.on,
        expires_in_ms: if request.on { EXPIRES_MS } else { 0 },
    };
    event::to_others(&core, &channel, "typing", &data, caller.user.clone()).await;
}
