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
