//! Names of sessions.

use serde::{Serialize, Serializer};
use std::fmt;

/// 96 random bits: unique in a fleet, and nobody guesses another's. Shown in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionId([u8; 12]);

impl SessionId {
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 12];
        if aws_lc_rs::rand::fill(&mut bytes).is_err() {
            tracing::error!("there is no randomness: session ids are not unique");
        }
        Self(bytes)
    }

    /// The id as it is shown; `None` for what is none.
    pub(crate) fn parse(hex: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() != 24 || !hex.bytes().all(is_hex) {
            return None;
        }
        let mut bytes = [0; 12];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_shown() {
        let id = SessionId::random();
        let shown = id.to_string();
        assert_eq!(SessionId::parse(&shown), Some(id));
        for wrong in [
            "",
            &shown[1..],
            &shown.replace(|_| true, "F"),
            &shown.replace(|_| true, "+"),
        ] {
            assert_eq!(SessionId::parse(wrong), None, "{wrong}");
        }
    }
}
