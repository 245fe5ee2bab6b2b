//! The keys of one issuer.

use crate::{
    PublicKey,
    public_key::{Algorithm, Jwk},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Largest key set document, in bytes: certificate chains, which are not looked at, make some of them long.
pub(crate) const KEY_SET_BYTES: usize = 256 * 1024;

/// Most keys of one set. Rotation needs two or three.
const KEYS_MAX: usize = 64;

/// Longest `kid`, in bytes.
const KID_BYTES: usize = 256;

/// The keys of one issuer, by `kid`.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<(String, PublicKey)>,
}

/// Why a document is not a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Over 256 KiB, or over 64 keys.
    #[error("the key set is too large")]
    TooLarge,
    /// Not a JSON Web Key Set.
    #[error("this is not a JSON Web Key Set")]
    Malformed,
    /// It has no Ed25519, P-256 or RSA (2,048 bits and more) key with a `kid` and for signatures.
    #[error("the key set has no key that can be used here")]
    Empty,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517). Keys of other types and purposes, without `kid`, and shared secrets are passed
    /// over; of two with the same `kid` the first counts.
    ///
    /// # Errors
    ///
    /// [`KeySetError`].
    pub fn read(document: &[u8]) -> Result<Self, KeySetError> {
        if document.len() > KEY_SET_BYTES {
            return Err(KeySetError::TooLarge);
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|_other| KeySetError::Malformed)?;
        if document.keys.len() > KEYS_MAX {
            return Err(KeySetError::TooLarge);
        }
        let mut keys: Vec<(String, PublicKey)> = Vec::new();
        for value in document.keys {
            let Ok(jwk) = serde_json::from_value::<Jwk>(value) else {
                continue;
            };
            let Some(key) = PublicKey::of_jwk(&jwk) else {
                continue;
            };
            match jwk.kid {
                Some(kid) if kid.len() <= KID_BYTES && keys.iter().all(|(own, _)| *own != kid) => {
                    keys.push((kid, key));
                }
                _ => {}
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::Empty);
        }
        Ok(Self { keys })
    }

    /// A JSON Web Key Set of `keys`, each as [`SigningKey::jwk`](crate::SigningKey::jwk) writes it.
    #[must_use]
    pub fn document(keys: &[Value]) -> Value {
        json!({ "keys": keys })
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&PublicKey> {
        self.keys
            .iter()
            .find(|(own, _key)| own == kid)
            .map(|(_kid, key)| key)
    }

    /// The keys' ids, which are no secrets.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(kid, _key)| kid.as_str())
    }

    /// Whether any key is of `algorithm`.
    #[must_use]
    pub fn speaks(&self, algorithm: Algorithm) -> bool {
        self.keys
            .iter()
            .any(|(_kid, key)| key.algorithm() == algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn what_cannot_be_used_is_passed_over() {
        let key = SigningKey::generate().unwrap();
        let mut document = KeySet::document(&[key.jwk()]);
        let keys = document["keys"].as_array_mut().unwrap();
        let mut encryption = keys[0].clone();
        encryption["use"] = json!("enc");
        encryption["kid"] = json!("enc");
        let mut lying = keys[0].clone();
        lying["alg"] = json!("RS256");
        lying["kid"] = json!("lying");
        keys.splice(
            0..0,
            [
                json!(7),
                json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}),
                json!({"kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB"}),
                json!({"kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AQAB"}),
                encryption,
                lying,
            ],
        );
        let set = KeySet::read(document.to_string().as_bytes()).unwrap();
        assert_eq!(set.kids().collect::<Vec<_>>(), [key.kid()]);
        assert_eq!(set.get(key.kid()).unwrap().algorithm(), Algorithm::EdDsa);
    }

    #[test]
    fn a_set_without_a_usable_key_is_an_error() {
        let read = |text: &str| KeySet::read(text.as_bytes()).unwrap_err();
        assert_eq!(read(r#"{"keys":[]}"#), KeySetError::Empty);
        assert_eq!(read(r#"{"keys":7}"#), KeySetError::Malformed);
        assert_eq!(read("<html>"), KeySetError::Malformed);
        assert_eq!(read(&" ".repeat(KEY_SET_BYTES + 1)), KeySetError::TooLarge);
    }
}
