//! Every name on the bus. `svc.*` is answered by one worker of a group, `ctl.*` and `evt.*` reach every subscriber.

use crate::{Channel, token};

/// Answers [`KeySetRequest`](crate::wire::KeySetRequest); served by auth.
pub const AUTH_KEY_SET: &str = "svc.auth.key-set";
/// Answers [`ApiKeyRequest`](crate::wire::ApiKeyRequest); served by auth.
pub const AUTH_API_KEY: &str = "svc.auth.api-key";
/// Answers [`PublishRequest`](crate::wire::PublishRequest); served by notify.
pub const NOTIFY_PUBLISH: &str = "svc.notify.publish";
/// Answers [`NotifyRequest`](crate::wire::NotifyRequest); served by notify.
pub const NOTIFY_NOTIFICATION: &str = "svc.notify.notification";
/// Answers [`ReadRequest`](crate::wire::ReadRequest); served by notify.
pub const NOTIFY_READ: &str = "svc.notify.read";
/// Answers [`CountsRequest`](crate::wire::CountsRequest); served by notify.
pub const NOTIFY_COUNTS: &str = "svc.notify.counts";
/// Takes [`AckRequest`](crate::wire::AckRequest), no answer; served by notify.
pub const NOTIFY_ACK: &str = "svc.notify.ack";
/// Takes [`ReceiptBatch`](crate::wire::ReceiptBatch), no answer; served by notify.
pub const NOTIFY_RECEIPTS: &str = "svc.notify.receipts";
/// Takes [`SessionBatch`](crate::wire::SessionBatch), no answer; served by notify.
pub const NOTIFY_SESSIONS: &str = "svc.notify.sessions";
/// Answers [`RoomRightsRequest`](crate::wire::RoomRightsRequest); served by chat.
pub const CHAT_RIGHTS: &str = "svc.chat.rights";
/// Answers [`RoomListRequest`](crate::wire::RoomListRequest); served by chat.
pub const CHAT_ROOMS: &str = "svc.chat.rooms";
/// Answers [`MessageRequest`](crate::wire::MessageRequest); served by chat.
pub const CHAT_MESSAGE: &str = "svc.chat.message";
/// Answers [`ChangeRequest`](crate::wire::ChangeRequest); served by chat.
pub const CHAT_CHANGE: &str = "svc.chat.change";
/// Answers [`HistoryRequest`](crate::wire::HistoryRequest); served by chat.
pub const CHAT_HISTORY: &str = "svc.chat.history";
/// Answers [`ReadRequest`](crate::wire::ReadRequest) for a room; served by chat.
pub const CHAT_READ: &str = "svc.chat.read";
/// Takes [`TypingRequest`](crate::wire::TypingRequest), no answer; served by chat.
pub const CHAT_TYPING: &str = "svc.chat.typing";
/// Gathers a [`SessionsReply`](crate::wire::SessionsReply) from every gateway.
pub const GATEWAY_SESSIONS: &str = "ctl.gateway.sessions";
/// Gathers a [`KickReply`](crate::wire::KickReply) from every gateway to a [`KickCommand`](crate::wire::KickCommand), which may
/// be published as well.
pub const GATEWAY_KICK: &str = "ctl.gateway.kick";
/// Gathers a [`LeaveReply`](crate::wire::LeaveReply) from every gateway to a
/// [`LeaveCommand`](crate::wire::LeaveCommand): once it has answered, no session of the user there reads the channel.
pub const GATEWAY_LEAVE: &str = "ctl.gateway.leave";
/// Gathers a [`DrainReply`](crate::wire::DrainReply) from every gateway to a [`DrainCommand`](crate::wire::DrainCommand), which
/// may be published as well.
pub const GATEWAY_DRAIN: &str = "ctl.gateway.drain";
/// Told when somebody watches `system:metrics`, empty payload; every gateway listens.
pub const GATEWAY_WATCHED: &str = "ctl.gateway.watched";
/// Told by every gateway every [`GATEWAY_HERE_INTERVAL_MS`] as [`GatewayHere`](crate::wire::GatewayHere), and once more
/// when it leaves.
pub const GATEWAY_HERE: &str = "ctl.gateway.here";
/// Between two messages of one gateway on [`GATEWAY_HERE`], in milliseconds.
pub const GATEWAY_HERE_INTERVAL_MS: u64 = 3_000;
/// A gateway that was not heard on [`GATEWAY_HERE`] for so long is gone, in milliseconds: three messages were lost, and
/// the time for one that comes late is over.
pub const GATEWAY_LEASE_MS: u64 = 10_000;
/// Told by a gateway as [`PresenceChanges`](crate::wire::PresenceChanges); every gateway listens.
pub const GATEWAY_PRESENCE_CHANGES: &str = "ctl.gateway.presence-changes";
/// Gathers a [`PresenceReply`](crate::wire::PresenceReply) from every gateway to a
/// [`PresenceRequest`](crate::wire::PresenceRequest).
pub const GATEWAY_PRESENCE: &str = "ctl.gateway.presence";
/// Told when the key set changed, empty payload; every verifier listens.
pub const KEYS_CHANGED: &str = "ctl.keys-changed";
/// Every event of every channel.
pub const EVENTS: &str = "evt.>";

/// Where events of `channel` are published, as [`Event`](crate::wire::Event).
#[must_use]
pub fn event(channel: &Channel) -> String {
    format!("evt.{}", channel.subject_tokens())
}

/// Where a `custom` frame with `name` goes, as [`CustomRequest`](crate::wire::CustomRequest).
#[must_use]
pub fn custom(name: &str) -> String {
    format!("svc.custom.{}", token::encode(name))
}

/// A subject only `node` listens to, for its own message through the bus and back.
#[must_use]
pub fn probe(node: &str) -> String {
    format!("ctl.probe.{}", token::encode(node))
}

/// Where `node` alone answers a [`PresenceRequest`](crate::wire::PresenceRequest), with a
/// [`PresenceReply`](crate::wire::PresenceReply).
#[must_use]
pub fn presence_of(node: &str) -> String {
    format!("{GATEWAY_PRESENCE}.{}", token::encode(node))
}
