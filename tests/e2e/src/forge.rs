//! Tokens that no honest issuer would sign.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The header and the claims of a token, unverified.
///
/// # Panics
///
/// When it is no JWT.
#[must_use]
pub fn open(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = BASE64.decode(part).expect("a part of a JWT is base64url");
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    let mut next = || parts.next().expect("a JWT has three parts");
    (next(), next())
}

/// A token with this header and these claims, and `signature` as it is.
#[must_use]
pub fn seal(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let encode = |value: &Value| BASE64.encode(value.to_string());
    format!(
        "{}.{}.{}",
        encode(header),
        encode(claims),
        BASE64.encode(signature)
    )
}

/// The same claims and key id, signed with HS256 by `secret`.
///
/// # Panics
///
/// Never for claims that are an object.
#[must_use]
pub fn hs256(kid: Option<&str>, claims: &Value, secret: &[u8]) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::HS256)
    };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret))
        .expect("an object of claims can be signed")
}

/// `claims` with one of them changed; `null` takes it out.
#[must_use]
pub fn with(claims: &Value, name: &str, value: &Value) -> Value {
    let mut claims = claims.clone();
    if let Some(object) = claims.as_object_mut() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.to_owned(), value.clone());
        }
    }
    claims
}

/// `header` for the algorithm `name`.
#[must_use]
pub fn with_algorithm(header: &Value, name: &str) -> Value {
    with(header, "alg", &json!(name))
}
