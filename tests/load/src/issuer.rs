//! Tokens of a run: each connection its own user, each token a signature of its own.

use crate::{
    clock,
    fault::{During as _, Fault, Outcome},
};
use fanfare_tokens::{ChannelRight, Identity, SigningKey};
use serde_json::json;
use std::{fs, path::Path};

/// The issuer's name, which the server is told.
pub(crate) const NAME: &str = "bench";

/// The group of those who are in one.
pub(crate) const GROUP: &str = "crew";

/// Life of a token, in milliseconds: no token ends within a run.
const LIFE_MS: i64 = 24 * 3_600 * 1_000;

/// Signs tokens.
pub(crate) struct Issuer {
    key: SigningKey,
    issued: u64,
}

impl Issuer {
    pub(crate) fn new() -> Outcome<Self> {
        let key = SigningKey::generate().map_err(|error| Fault::wrong(error.to_string()))?;
        Ok(Self { key, issued: 0 })
    }

    /// Writes the public half where the server reads it.
    pub(crate) fn write_keys(&self, path: &Path) -> Outcome<()> {
        let set = json!({"keys": [self.key.jwk()]});
        fs::write(path, set.to_string()).during("writing the key set")
    }

    /// Tokens of `count` users nobody has heard of, who may read every topic and are members of `groups`.
    pub(crate) fn tokens(&mut self, count: usize, groups: &[&str]) -> Outcome<Vec<String>> {
        (0..count).map(|_| self.token(groups)).collect()
    }

    fn token(&mut self, groups: &[&str]) -> Outcome<String> {
        self.issued += 1;
        let now_ms = clock::wall_ms();
        let identity = Identity {
            user: format!("bench-{}", self.issued),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            channels: vec![ChannelRight {
                pattern: "topic:*".to_owned(),
                read: true,
                write: false,
            }],
            token_id: Some(format!("bench-token-{}", self.issued)),
            issued_at_ms: now_ms,
            expires_at_ms: now_ms + LIFE_MS,
            ..Identity::default()
        };
        let token = self.key.mint(NAME, &identity);
        token.map_err(|error| Fault::wrong(error.to_string()))
    }
}
