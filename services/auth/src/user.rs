//! An account.

use fanfare_proto::{Timestamp, channel::is_id};
use fanfare_tokens::{ChannelRight, claims};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest name for people, in bytes: what a token may carry.
const NAME_BYTES: usize = 256;

/// An account as it is stored.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: Option<String>,
    /// The password's hash in its PHC form.
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) channels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) is_admin: bool,
    #[serde(default)]
    pub(crate) disabled: bool,
    /// Refresh tokens carry the generation they were made in; those of an older one are void.
    pub(crate) generation: i64,
    pub(crate) created_at_ms: i64,
    pub(crate) updated_at_ms: i64,
}

/// An account as administrators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// What notifications are addressed to.
    id: String,
    /// What the user signs in with; upper and lower case are the same.
    username: String,
    /// For people.
    name: Option<String>,
    groups: Vec<String>,
    /// Channel patterns with `r`, `w` or `rw`.
    #[schema(example = json!({"topic:news.*": "r"}))]
    channels: BTreeMap<String, String>,
    is_admin: bool,
    /// A disabled user cannot sign in, and has no valid tokens.
    disabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl User {
    /// Voids every refresh token made before. Grows with time also when the account is made anew.
    pub(crate) fn next_generation(&mut self, now_ms: i64) {
        self.generation = now_ms.max(self.generation + 1);
    }

    pub(crate) fn rights(&self) -> Vec<ChannelRight> {
        rights(&self.channels).unwrap_or_default()
    }

    pub(crate) fn scopes(&self) -> Vec<String> {
        if self.is_admin {
            ["admin", "system:read"].map(str::to_owned).into()
        } else {
            Vec::new()
        }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            name: user.name,
            groups: user.groups,
            channels: user.channels,
            is_admin: user.is_admin,
            disabled: user.disabled,
            created_at: Timestamp::from_ms(user.created_at_ms),
            updated_at: Timestamp::from_ms(user.updated_at_ms),
        }
    }
}

/// The rights that `channels` says; an error says what is wrong with it.
pub(crate) fn rights(
    channels: &BTreeMap<String, String>,
) -> Result<Vec<ChannelRight>, &'static str> {
    claims::channel_rights(&serde_json::json!(channels)).map_err(|_error| {
        "channels are at most 64 topics like topic:news or topic:news.*, each with r, w or rw; patterns open no other kind"
    })
}

pub(crate) fn check_groups(groups: &[String]) -> Result<(), &'static str> {
    if groups.len() <= claims::LIST_ITEMS && groups.iter().all(|group| is_id(group)) {
        Ok(())
    } else {
        Err("groups are at most 64 ids of 1 to 128 characters of A-Z a-z 0-9 _ - . @ :")
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.len() <= NAME_BYTES && !name.contains(char::is_control) {
        Ok(())
    } else {
        Err("a name has at most 256 bytes and no control characters")
    }
}
