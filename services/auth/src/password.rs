//! A password as it came in.

use std::fmt;

/// Shortest password of a new or changed account, in characters.
const CHARS_MIN: usize = 8;

/// Longest password, in bytes: a sentence, and nothing that makes hashing slow.
const BYTES_MAX: usize = 1_024;

/// A password. Never shown by `Debug`.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a login may try it at all.
    pub(crate) fn is_sane(&self) -> bool {
        self.0.len() <= BYTES_MAX
    }

    /// Whether it may protect an account.
    pub(crate) fn check_new(&self) -> Result<(), &'static str> {
        if self.0.chars().count() < CHARS_MIN {
            Err("a password has at least 8 characters")
        } else if !self.is_sane() {
            Err("a password has at most 1024 bytes")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
