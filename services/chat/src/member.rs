//! What a user is to a room.

use crate::room::Role;
use serde::{Deserialize, Serialize};

/// One user's record. A ban or a mute outlives the membership.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// `None`: he is no member (any more, or yet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// For people, as his token named him when he joined; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) joined_at_ms: i64,
    /// He may join a private room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) invited: bool,
    /// He reads, and does not write, until then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) muted_until_ms: i64,
    /// He neither reads nor joins until then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) banned_until_ms: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_zero(at_ms: &i64) -> bool {
    *at_ms == 0
}

impl Member {
    /// Whether nothing about it needs to be kept.
    pub(crate) fn is_nothing(&self, now_ms: i64) -> bool {
        self.role.is_none()
            && !self.invited
            && self.muted_until_ms <= now_ms
            && self.banned_until_ms <= now_ms
    }
}
