//! What is sent, as it is documented. Bodies are read field by field, so that each error can name its field.
#![expect(dead_code, reason = "documents what is read field by field")]

use crate::{
    message::Attachment,
    room::{Kind, Role},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A room that is to be made.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"kind": "private", "name": "Team", "members": ["bob"]}))]
pub(crate) struct NewRoomRequest {
    pub(crate) kind: Kind,
    /// At most 128 characters; a direct room has none.
    #[schema(max_length = 128)]
    pub(crate) name: Option<String>,
    /// For backends; made up when left out.
    #[schema(max_length = 128)]
    pub(crate) id: Option<String>,
    /// Users who are members from the beginning; of a direct room that a backend makes, both. When a user asks, they are
    /// invited, and he is the owner.
    #[schema(max_items = 100)]
    pub(crate) members: Option<Vec<String>>,
    /// The other one of a user's direct room.
    #[schema(max_length = 128)]
    pub(crate) with: Option<String>,
}

/// What is to change of a room; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"name": "The team", "slow_mode_seconds": 10}))]
pub(crate) struct RoomPatchRequest {
    /// For moderators.
    #[schema(max_length = 128)]
    pub(crate) name: Option<String>,
    /// For owners. Nobody writes in an archived room.
    pub(crate) archived: Option<bool>,
    /// For moderators. Members may send one message in so many seconds; 0: as they like.
    #[schema(minimum = 0, maximum = 3_600)]
    pub(crate) slow_mode_seconds: Option<u64>,
}

/// What a user is to be in a room.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"role": "moderator"}))]
pub(crate) struct MemberRequest {
    /// `member` for one who is new, when left out.
    pub(crate) role: Option<Role>,
}

/// A message.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"content": "Hello @bob", "client_id": "5f6a3f1c"}))]
pub(crate) struct MessageRequest {
    /// Plain text of at most 4,000 characters. May be left out beside attachments.
    #[schema(max_length = 4_000)]
    pub(crate) content: Option<String>,
    /// The `n` of a message in the room.
    #[schema(minimum = 1)]
    pub(crate) reply_to: Option<u64>,
    #[schema(max_items = 10)]
    pub(crate) attachments: Option<Vec<Attachment>>,
    /// Users it names, instead of those behind an `@` in the text.
    #[schema(max_items = 20)]
    pub(crate) mentions: Option<Vec<String>>,
    /// The same one again sends nothing again. As good as an `Idempotency-Key`.
    #[schema(max_length = 128)]
    pub(crate) client_id: Option<String>,
}

/// A message's new text.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"content": "Hello, Bob"}))]
pub(crate) struct EditRequest {
    /// Plain text of at most 4,000 characters.
    #[schema(max_length = 4_000)]
    pub(crate) content: String,
}

/// How far the user has read.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"n": 12}))]
pub(crate) struct ReadRequest {
    /// Everything up to and including this entry.
    pub(crate) n: u64,
}

/// For how long, and why.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"seconds": 600, "reason": "spam"}))]
pub(crate) struct SentenceRequest {
    /// For good when left out.
    #[schema(minimum = 1, maximum = 316_224_000)]
    pub(crate) seconds: Option<u64>,
    /// For the audit.
    #[schema(max_length = 256)]
    pub(crate) reason: Option<String>,
}

/// What a user chooses.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"invisible": true}))]
pub(crate) struct MeRequest {
    /// He is not shown as present, and nobody is told when he was here.
    pub(crate) invisible: bool,
}
