//! API keys: their text, and what a verified one is.

use aws_lc_rs::{digest, rand};
use std::fmt;

/// What every key's text begins with, so that secret scanners find leaked ones.
const PREFIX: &str = "ff_";

/// Random characters of a new key: 43 of base62 are 256 bits.
const CHARS: usize = 43;

/// Longest text that is looked up at all, in bytes.
const TEXT_BYTES: usize = 128;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A verified API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which is no secret.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl ApiKey {
    /// Whether the key may do what `scope` names: it has that scope, or `admin`, which may do everything.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope || own == "admin")
    }
}

/// The text of an API key: `ff_` and at least 40 letters and digits. Only its digest is ever stored or sent over the bus.
/// Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText(String);

impl ApiKeyText {
    /// Makes a key from the system's randomness; `None` when the system has none to give.
    #[must_use]
    pub fn generate() -> Option<Self> {
        Some(Self(format!("{PREFIX}{}", random_base62(CHARS)?)))
    }

    /// Takes a text that has the shape of a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let has_shape = random.len() >= 40
            && text.len() <= TEXT_BYTES
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        has_shape.then(|| Self(text.to_owned()))
    }

    /// Whether a credential means to be an API key, and not a token.
    #[must_use]
    pub fn is_meant(credential: &str) -> bool {
        credential.starts_with(PREFIX)
    }

    /// SHA-256 of the text. The text is random, so no salt and no slow hash are needed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        bytes
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyText(…)")
    }
}

/// `chars` random letters and digits, each equally likely; `None` when the system has no randomness to give.
#[must_use]
pub fn random_base62(chars: usize) -> Option<String> {
    let mut text = String::with_capacity(chars);
    let mut bytes = [0; 64];
    while text.len() < chars {
        rand::fill(&mut bytes).ok()?;
        // 248 is the largest multiple of 62 in a byte: what lies beyond would favour the first letters.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        text.extend(
            fair.map(|byte| char::from(BASE62[usize::from(byte % 62)]))
                .take(chars - text.len()),
        );
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_its_shape_and_is_not_shown() {
        let key = ApiKeyText::generate().unwrap();
        assert_eq!(ApiKeyText::parse(key.expose()), Some(key.clone()));
        assert_ne!(ApiKeyText::generate().unwrap(), key);
        assert!(!format!("{key:?}").contains(key.expose()));
        let short = format!("ff_{}", "a".repeat(39));
        let long = format!("ff_{}", "a".repeat(126));
        let odd = format!("ff_{}", "é".repeat(40));
        for text in ["", "ff_", "eyJ", &short, &long, &odd] {
            assert_eq!(ApiKeyText::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn admin_may_do_everything() {
        let key = |scopes: &[&str]| ApiKey {
            id: "1".into(),
            name: "n".into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        assert!(key(&["admin"]).may("tokens:mint"));
        assert!(key(&["tokens:mint"]).may("tokens:mint"));
        assert!(!key(&["tokens:mint"]).may("admin"));
    }
}
