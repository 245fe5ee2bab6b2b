//! What a verified token says.

use fanfare_proto::{Channel, Kind};

/// A pattern of channels, and what may be done there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRight {
    /// A topic's name; a final `*` stands for any rest, also an empty one.
    pub pattern: String,
    /// Subscribe, history, presence.
    pub read: bool,
    /// Publish.
    pub write: bool,
}

/// The bearer of a verified token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// A valid id (see [`fanfare_proto::channel::is_id`]).
    pub user: String,
    /// For people.
    pub name: Option<String>,
    /// Valid ids.
    pub groups: Vec<String>,
    /// Topics.
    pub channels: Vec<ChannelRight>,
    /// Of the `scope` claim.
    pub scopes: Vec<String>,
    /// The login this token belongs to (`sid`).
    pub session: Option<String>,
    /// The token's own id (`jti`).
    pub token_id: Option<String>,
    /// When it was issued (`iat`); 0 when the token does not say.
    pub issued_at_ms: i64,
    /// When it ends (`exp`).
    pub expires_at_ms: i64,
}

/// Why a token was refused. The text may be shown to its bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or over the size limit.
    #[error("the token is not a JWT")]
    Malformed,
    /// An algorithm that is not configured for its issuer, `none` included.
    #[error("the token's algorithm is not accepted here")]
    Algorithm,
    /// An issuer nobody configured.
    #[error("the token's issuer is not accepted here")]
    Issuer,
    /// No key of its issuer has this id.
    #[error("the token's key is not known here")]
    UnknownKey,
    /// Signed by somebody else, or changed.
    #[error("the token's signature is wrong")]
    Signature,
    /// Over.
    #[error("the token has expired")]
    Expired,
    /// Not valid yet (`nbf`).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Meant for somebody else (`aud`).
    #[error("the token is for another audience")]
    Audience,
    /// A claim is missing or has the wrong shape.
    #[error("the token lacks a claim, or one has the wrong shape")]
    Claims,
    /// Taken back.
    #[error("the token was revoked")]
    Revoked,
    /// The keys to check it with are not there yet: try again.
    #[error("tokens cannot be checked right now")]
    Unavailable,
}

impl TokenError {
    /// Every error, in the order of the enum.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::Algorithm,
        Self::Issuer,
        Self::UnknownKey,
        Self::Signature,
        Self::Expired,
        Self::NotYetValid,
        Self::Audience,
        Self::Claims,
        Self::Revoked,
        Self::Unavailable,
    ];

    /// The error in a word, for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Audience => "audience",
            Self::Claims => "claims",
            Self::Revoked => "revoked",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Identity {
    /// Whether the token names `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// Whether the token alone lets its bearer read `channel`. Patterns open topics only; rooms are the chat
    /// service's to decide, so `false` here. An administrator reads what is nobody's own, every topic, and no more: to
    /// read somebody's notifications would count as their delivery.
    #[must_use]
    pub fn may_read(&self, channel: &Channel) -> bool {
        match channel.kind() {
            Kind::All => true,
            Kind::User => channel.id() == self.user,
            Kind::Group => self.groups.iter().any(|group| group == channel.id()),
            Kind::System => self.has_scope("system:read") || self.has_scope("admin"),
            Kind::Topic => self.has_scope("admin") || self.allows(channel, |right| right.read),
            Kind::Room => false,
        }
    }

    /// Whether the token lets its bearer publish to `channel`. Only topics are published to by clients; rooms are the
    /// chat service's to decide.
    #[must_use]
    pub fn may_write(&self, channel: &Channel) -> bool {
        channel.kind() == Kind::Topic && self.allows(channel, |right| right.write)
    }

    fn allows(&self, channel: &Channel, right: impl Fn(&ChannelRight) -> bool) -> bool {
        let name = channel.name();
        self.channels.iter().any(|own| {
            right(own)
                && match own.pattern.strip_suffix('*') {
                    Some(prefix) => name.starts_with(prefix),
                    None => name == own.pattern,
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_follow_the_token() {
        let identity = Identity {
            user: "7".into(),
            groups: vec!["ops".into()],
            channels: vec![ChannelRight {
                pattern: "topic:news.*".into(),
                read: true,
                write: false,
            }],
            ..Identity::default()
        };
        let may_read = |name| identity.may_read(&Channel::parse(name).unwrap());
        assert!(
            ["user:7", "group:ops", "all", "topic:news.eu"]
                .into_iter()
                .all(may_read)
        );
        assert!(
            ![
                "user:8",
                "group:dev",
                "room:1",
                "topic:other",
                "system:metrics"
            ]
            .into_iter()
            .any(may_read)
        );
        assert!(!identity.may_write(&Channel::parse("topic:news.eu").unwrap()));
    }

    #[test]
    fn an_administrator_reads_what_is_nobodys_own() {
        let identity = Identity {
            user: "7".into(),
            scopes: vec!["admin".into()],
            ..Identity::default()
        };
        let may_read = |name| identity.may_read(&Channel::parse(name).unwrap());
        assert!(
            ["topic:news.eu", "system:metrics", "all"]
                .into_iter()
                .all(may_read)
        );
        assert!(!["user:8", "group:dev", "room:1"].into_iter().any(may_read));
        assert!(!identity.may_write(&Channel::parse("topic:news.eu").unwrap()));
    }

    #[test]
    fn a_pattern_opens_nothing_but_topics() {
        let identity = Identity {
            user: "7".into(),
            channels: ["user:*", "group:*", "room:*", "system:*", "*"]
                .map(|pattern| ChannelRight {
                    pattern: pattern.into(),
                    read: true,
                    write: true,
                })
                .into(),
            ..Identity::default()
        };
        for name in ["user:8", "group:dev", "room:1", "system:metrics"] {
            assert!(!identity.may_read(&Channel::parse(name).unwrap()), "{name}");
        }
    }
}
