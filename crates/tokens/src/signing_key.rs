//! The key our own tokens are signed with.

use crate::{Identity, TOKEN_BYTES, claims};
use aws_lc_rs::{
    digest,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::fmt;

/// An Ed25519 key. Never shown by `Debug`.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    kid: String,
}

/// Why a token was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// It would be longer than any verifier takes.
    #[error("the token would be over {TOKEN_BYTES} bytes: name fewer groups and channels")]
    TooLarge,
}

/// The bytes are not an Ed25519 key, or none could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an Ed25519 key in PKCS #8")]
pub struct KeyError;

impl SigningKey {
    /// Makes a key from the system's randomness.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the system has none to give.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::of(
            Ed25519KeyPair::generate().map_err(|_none| KeyError)?,
        ))
    }

    /// Reads what [`to_pkcs8`](Self::to_pkcs8) wrote, or any Ed25519 key in PKCS #8 (DER).
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::of(
            Ed25519KeyPair::from_pkcs8(der).map_err(|_other| KeyError)?,
        ))
    }

    /// The whole key, the secret half included, in PKCS #8 (DER).
    ///
    /// # Errors
    ///
    /// [`KeyError`], which a key that was read or made never gives.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_fault| KeyError)?;
        Ok(der.as_ref().to_vec())
    }

    fn of(pair: Ed25519KeyPair) -> Self {
        // The members in this order, without spaces: RFC 7638.
        let members = format!(
            r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
            URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())
        );
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()));
        Self { pair, kid }
    }

    /// The key's id: its thumbprint of RFC 7638.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JSON Web Key.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref()),
        })
    }

    /// Makes the token of `issuer` that says `identity`.
    ///
    /// # Errors
    ///
    /// [`MintError::TooLarge`].
    pub fn mint(&self, issuer: &str, identity: &Identity) -> Result<String, MintError> {
        self.sign(&claims::write(issuer, identity))
    }

    /// Signs any claims.
    ///
    /// # Errors
    ///
    /// [`MintError::TooLarge`].
    pub fn sign(&self, claims: &Value) -> Result<String, MintError> {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid });
        let mut token = String::new();
        URL_SAFE_NO_PAD.encode_string(header.to_string(), &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        if token.len() > TOKEN_BYTES {
            return Err(MintError::TooLarge);
        }
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_stored_form() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.kid(), key.kid());
        assert_eq!(SigningKey::from_pkcs8(b"nonsense").unwrap_err(), KeyError);
        assert!(!format!("{key:?}").contains("seed"));
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        // Appendix A.1 and A.3 of RFC 8037.
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let key = SigningKey::of(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap());
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_token_no_verifier_would_take_is_not_made() {
        let key = SigningKey::generate().unwrap();
        let identity = Identity {
            user: "7".into(),
            groups: (0..64).map(|n| format!("{n:0>127}")).collect(),
            ..Identity::default()
        };
        assert_eq!(key.mint("fanfare", &identity), Err(MintError::TooLarge));
    }
}
