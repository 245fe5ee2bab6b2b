//! Channels: what is published to, subscribed to and logged.

use crate::{limits, token};
use std::{
    fmt,
    sync::{Arc, LazyLock},
};

/// What a channel is for. Decides who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `user:<id>`, one user's inbox.
    User,
    /// `group:<id>`, everybody whose token names the group.
    Group,
    /// `room:<id>`, the members of a chat room.
    Room,
    /// `topic:<name>`, whoever the token's `channels` patterns let in.
    Topic,
    /// `all`, everybody.
    All,
    /// `system:<name>`, never stored; needs scope `system:read`.
    System,
}

/// Why a text is not a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The part before the colon is none of the kinds.
    #[error("a channel is user:<id>, group:<id>, room:<id>, topic:<name>, all or system:metrics")]
    Kind,
    /// The id is empty, too long, or holds a character that ids do not have.
    #[error("an id is 1 to 128 characters of A-Z a-z 0-9 _ - . @ :")]
    Id,
}

/// A valid channel name. Cheap to clone; equal names are equal channels, and a map of channels is searched by name.
#[derive(Clone, Debug)]
pub struct Channel {
    name: Arc<str>,
}

/// Whether `id` may name a user, group, room, topic or session.
#[must_use]
pub fn is_id(id: &str) -> bool {
    (1..=limits::ID_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.@:".contains(&byte))
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Room => "room",
            Self::Topic => "topic",
            Self::All => "all",
            Self::System => "system",
        }
    }
}

impl Channel {
    /// Reads a channel name as clients write it.
    ///
    /// # Errors
    ///
    /// [`ChannelError`], whose text may be shown to the client.
    pub fn parse(name: &str) -> Result<Self, ChannelError> {
        if name == "all" {
            return Ok(Self::all());
        }
        let (prefix, id) = name.split_once(':').ok_or(ChannelError::Kind)?;
        let kind = match prefix {
            "user" => Kind::User,
            "group" => Kind::Group,
            "room" => Kind::Room,
            "topic" => Kind::Topic,
            "system" => Kind::System,
            _ => return Err(ChannelError::Kind),
        };
        Self::new(kind, id)
    }

    /// The channel of `kind` and `id`. `id` is ignored for [`Kind::All`].
    ///
    /// # Errors
    ///
    /// [`ChannelError::Id`] when `id` may not name anything; [`ChannelError::Kind`] for a system channel that does
    /// not exist.
    pub fn new(kind: Kind, id: &str) -> Result<Self, ChannelError> {
        if kind == Kind::All {
            return Ok(Self::all());
        }
        if !is_id(id) {
            return Err(ChannelError::Id);
        }
        if kind == Kind::System && id != "metrics" {
            return Err(ChannelError::Kind);
        }
        Ok(Self {
            name: format!("{}:{id}", kind.prefix()).into(),
        })
    }

    /// The channel everybody reads.
    #[must_use]
    pub fn all() -> Self {
        static ALL: LazyLock<Arc<str>> = LazyLock::new(|| "all".into());
        Self {
            name: Arc::clone(&ALL),
        }
    }

    /// The channel of the nodes' live figures.
    #[must_use]
    pub fn system_metrics() -> Self {
        Self {
            name: "system:metrics".into(),
        }
    }

    /// What the channel is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        // A valid name is told by its first letter; that saves every holder of a channel eight bytes.
        match self.name.as_bytes().first() {
            Some(b'u') => Kind::User,
            Some(b'g') => Kind::Group,
            Some(b'r') => Kind::Room,
            Some(b't') => Kind::Topic,
            Some(b's') => Kind::System,
            _ => Kind::All,
        }
    }

    /// The whole name, as clients write it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part after the colon; `all` for [`Kind::All`].
    #[must_use]
    pub fn id(&self) -> &str {
        self.name
            .split_once(':')
            .map_or(&*self.name, |(_kind, id)| id)
    }

    /// Whether entries of the channel are kept in the log.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.kind() != Kind::System
    }

    /// The channel as two tokens of a bus subject, `<kind>.<id>`.
    #[must_use]
    pub fn subject_tokens(&self) -> String {
        let mut tokens = String::with_capacity(self.name.len() + 16);
        tokens.push_str(self.kind().prefix());
        tokens.push('.');
        token::encode_into(self.id(), &mut tokens);
        tokens
    }
}

impl PartialEq for Channel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Channel {}

impl PartialOrd for Channel {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Channel {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl std::hash::Hash for Channel {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl std::borrow::Borrow<str> for Channel {
    fn borrow(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl serde::Serialize for Channel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> serde::Deserialize<'de> for Channel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_written() {
        for name in [
            "user:7",
            "group:a.b",
            "room:x@y",
            "topic:a:b",
            "all",
            "system:metrics",
        ] {
            let channel = Channel::parse(name).unwrap();
            assert_eq!(channel.name(), name);
            assert!(name.starts_with(channel.kind().prefix()));
        }
        assert_eq!(Channel::parse("topic:a:b").unwrap().id(), "a:b");
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = format!("user:{}", "x".repeat(129));
        for name in [
            "",
            "user",
            "user:",
            "user:a b",
            "user:*",
            "user:>",
            "user:\0",
            "user:é",
            "nobody:1",
            "system:other",
            "USER:1",
            &long,
        ] {
            assert!(Channel::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_dot_in_an_id_stays_inside_its_token() {
        let channel = Channel::parse("user:a.b").unwrap();
        assert_eq!(channel.subject_tokens(), "user.a=2Eb");
    }
}
