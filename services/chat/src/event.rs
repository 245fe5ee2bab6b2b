//! Events for whoever watches now. Best effort: what they tell can be asked for.

use crate::core::Core;
use fanfare_proto::{Channel, Kind, subject, wire::Event};
use prost::Message as _;
use serde::Serialize;

/// To the sessions of `user`.
pub(crate) async fn to_user(core: &Core, user: &str, kind: &str, data: &impl Serialize) {
    if let Ok(channel) = Channel::new(Kind::User, user) {
        send(core, &channel, kind, data, String::new()).await;
    }
}

/// To whoever reads the room `channel`, but the sessions of `user`.
pub(crate) async fn to_others(
    core: &Core,
    channel: &Channel,
    kind: &str,
    data: &impl Serialize,
    user: String,
) {
    send(core, channel, kind, data, user).await;
}

async fn send(
    core: &Core,
    channel: &Channel,
    kind: &str,
    data: &impl Serialize,
    except_user: String,
) {
    let event = Event {
        channel: channel.name().to_owned(),
        r#type: kind.to_owned(),
        data: serde_json::to_vec(data).unwrap_or_default().into(),
        created_at_ms: core.clock.now_ms(),
        except_user,
        ..Event::default()
    };
    let subject = subject::event(channel);
    let payload = event.encode_to_vec().into();
    if let Err(error) = core.handles.bus.publish(&subject, payload).await {
        tracing::debug!(kind, %error, "an event could not be sent");
    }
}
