//! Tokens that were taken back before their end.

use crate::Identity;

/// Which tokens are void. Kept until the last token it can hit has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Every token of this user issued at or before this time.
    User {
        /// Whose.
        user: String,
        /// Compared with `iat`, which counts whole seconds.
        until_ms: i64,
    },
    /// Every token of this login.
    Session(String),
    /// One token.
    Token(String),
}

impl Revocation {
    /// Whether `identity`'s token is void by this.
    #[must_use]
    pub fn hits(&self, identity: &Identity) -> bool {
        match self {
            Self::User { user, until_ms } => {
                identity.user == *user && identity.issued_at_ms <= *until_ms
            }
            Self::Session(session) => identity.session.as_deref() == Some(session),
            Self::Token(token) => identity.token_id.as_deref() == Some(token),
        }
    }
}
