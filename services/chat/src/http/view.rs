//! What is answered.

use crate::{
    actor::Actor,
    member::Member,
    room::{FOREVER_MS, Kind, Role, Room},
    send::Sent,
};
use fanfare_proto::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A room.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "lobby", "channel": "room:lobby", "kind": "public", "name": "Lobby", "created_by": "alice",
    "created_at": "2026-01-31T12:00:00.000Z", "archived": false, "slow_mode_seconds": 0, "members": 2, "role": "owner"
}))]
pub(crate) struct RoomView {
    pub(crate) id: String,
    /// What to subscribe to.
    channel: String,
    kind: Kind,
    /// Empty for a direct room.
    name: String,
    /// A user, or `api-key:<id>`.
    created_by: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Nobody writes any more.
    archived: bool,
    /// A member may send one message in so many seconds; 0: as he likes.
    slow_mode_seconds: u64,
    /// How many.
    members: u64,
    /// Of a direct room, both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    /// Of the user who asks; left out when he is no member, and for a backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
}

impl RoomView {
    /// As one with `role` sees it.
    pub(crate) fn of(room: Room, role: Option<Role>) -> Self {
        Self {
            channel: format!("room:{}", room.id),
            id: room.id,
            kind: room.kind,
            name: room.name,
            created_by: room.created_by,
            created_at: Timestamp::from_ms(room.created_at_ms).to_string(),
            archived: room.archived,
            slow_mode_seconds: room.slow_seconds,
            members: room.members,
            users: room.pair,
            role,
        }
    }

    /// As `actor` sees it, who is `member`.
    pub(crate) fn to(room: Room, actor: &Actor, member: Option<&Member>) -> Self {
        let role = actor.user().and(member).and_then(|member| member.role);
        Self::of(room, role)
    }
}

/// What a user is to a room.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "user": "bob", "name": "Bob", "role": "member", "joined_at": "2026-01-31T12:00:00.000Z"
}))]
pub(crate) struct MemberView {
    user: String,
    /// For people; as his token named him when he joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Left out of one who is only invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, value_type = Option<String>)]
    joined_at: Option<String>,
    /// He is invited, and has not joined yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    invited: bool,
    /// He may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    muted: bool,
    /// When he may again; left out when that is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, value_type = Option<String>)]
    muted_until: Option<String>,
}

impl MemberView {
    pub(crate) fn of(user: String, member: Member, now_ms: i64) -> Self {
        let time = |at_ms| Timestamp::from_ms(at_ms).to_string();
        let muted = member.muted_until_ms > now_ms;
        let ends = muted && member.muted_until_ms != FOREVER_MS;
        Self {
            user,
            name: Some(member.name).filter(|name| !name.is_empty()),
            role: member.role,
            joined_at: member.role.map(|_role| time(member.joined_at_ms)),
            invited: member.invited,
            muted,
            muted_until: ends.then(|| time(member.muted_until_ms)),
        }
    }
}

/// Where an entry stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentView {
    #[schema(example = "room:lobby")]
    channel: String,
    /// Its ordinal in the room.
    #[schema(example = 12)]
    n: u64,
    /// A reader that has it stands here.
    #[schema(example = "0000beef.42.12")]
    cursor: String,
}

impl SentView {
    pub(crate) fn of(room: &str, sent: Sent) -> Self {
        Self {
            channel: format!("room:{room}"),
            n: sent.n,
            cursor: sent.cursor.to_string(),
        }
    }
}
