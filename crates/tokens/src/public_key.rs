//! A key to check signatures with. One key has one algorithm, by its type.

use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::fmt;

/// A signature algorithm that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// HMAC with SHA-256: a shared secret, never a public key.
    Hs256,
}

/// A key that checks signatures of exactly one algorithm.
#[derive(Clone)]
pub struct PublicKey(Material);

#[derive(Clone)]
enum Material {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Secret(Box<hmac::Key>),
}

/// The members of a JSON Web Key (RFC 7517) that are looked at.
#[derive(Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    pub(crate) kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "EdDSA" => Self::EdDsa,
            "ES256" => Self::Es256,
            "RS256" => Self::Rs256,
            "HS256" => Self::Hs256,
            _ => return None,
        })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

impl PublicKey {
    pub(crate) fn secret(bytes: &[u8]) -> Self {
        Self(Material::Secret(Box::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            bytes,
        ))))
    }

    /// Reads a public key; `None` for one of another type or purpose, and for a shared secret, which no set that is
    /// published may hold.
    pub(crate) fn of_jwk(jwk: &Jwk) -> Option<Self> {
        if jwk
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return None;
        }
        let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Material::Ed25519(part(&jwk.x).filter(|x| x.len() == 32)?),
            ("EC", Some("P-256")) => {
                let x = part(&jwk.x).filter(|x| x.len() == 32)?;
                let y = part(&jwk.y).filter(|y| y.len() == 32)?;
                // The uncompressed point of SEC 1.
                Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("RSA", _) => {
                let n = part(&jwk.n)?;
                // 2,048 to 8,192 bits; a leading zero is tolerated.
                let n = n
                    .iter()
                    .position(|byte| *byte != 0)
                    .map(|at| n[at..].to_vec())?;
                let e = part(&jwk.e).filter(|e| e.len() <= 8)?;
                (256..=1_024)
                    .contains(&n.len())
                    .then_some(Material::Rsa { n, e })?
            }
            _ => return None,
        };
        let key = Self(material);
        let named = jwk.alg.as_deref();
        named
            .is_none_or(|name| name == key.algorithm().as_str())
            .then_some(key)
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::P256(_) => Algorithm::Es256,
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::Secret(_) => Algorithm::Hs256,
        }
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let outcome = match &self.0 {
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            Material::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            Material::Secret(key) => hmac::verify(key, message, signature),
        };
        outcome.is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.algorithm().as_str())
    }
}
