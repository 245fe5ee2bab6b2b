//! A token split into its parts, before anything in it is believed.

use crate::{Algorithm, TokenError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// Longest token, in bytes. It travels in a header or a query, which servers cap at 8 KiB.
pub const TOKEN_BYTES: usize = 8 * 1024;

/// A token nobody has checked yet. Pure: reads no key and no clock, and never panics, whatever it is given.
#[derive(Debug)]
pub struct Unverified<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) claims: Value,
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Splits `token`. `jku`, `x5u`, `x5c` and `jwk` are never looked at.
    ///
    /// # Errors
    ///
    /// - [`TokenError::Malformed`]: over [`TOKEN_BYTES`] (known before anything is parsed), not three parts of base64url,
    ///   not JSON objects, or with a `crit` header, of whose extensions none is spoken here;
    /// - [`TokenError::Algorithm`]: an `alg` that is no [`Algorithm`], `none` included.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = object(header)?;
        let claims = object(payload)?;
        let signature = bytes(signature)?;
        if header.contains_key("crit") {
            return Err(TokenError::Malformed);
        }
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => Algorithm::parse(name).ok_or(TokenError::Algorithm)?,
            _ => return Err(TokenError::Malformed),
        };
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(TokenError::Malformed),
        };
        Ok(Self {
            algorithm,
            kid,
            claims: Value::Object(claims),
            signed: signed.as_bytes(),
            signature,
        })
    }

    /// The payload, an object.
    #[must_use]
    pub const fn claims(&self) -> &Value {
        &self.claims
    }

    /// The `iss` claim.
    ///
    /// # Errors
    ///
    /// [`TokenError::Issuer`] when it is there but is no text.
    pub fn issuer(&self) -> Result<Option<&str>, TokenError> {
        match self.claims.get("iss") {
            None => Ok(None),
            Some(Value::String(issuer)) => Ok(Some(issuer)),
            Some(_) => Err(TokenError::Issuer),
        }
    }
}

fn bytes(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_not_base64| TokenError::Malformed)
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    serde_json::from_slice(&bytes(part)?).map_err(|_not_an_object| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, payload: &str) -> String {
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{payload}.AAAA")
    }

    fn refused(token: &str) -> TokenError {
        Unverified::parse(token).unwrap_err()
    }

    #[test]
    fn only_three_parts_of_json_objects_are_a_token() {
        assert!(Unverified::parse(&token(r#"{"alg":"EdDSA"}"#, "{}")).is_ok());
        for text in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c.d",
            "e30.e30.",
            "e30=.e30.AAAA",
            &token("[]", "{}"),
            &token(r#"{"alg":"EdDSA"}"#, "7"),
            &token(r#"{"alg":"EdDSA","kid":7}"#, "{}"),
            &token(r#"{"alg":7}"#, "{}"),
            &token(r#"{"alg":"EdDSA","crit":["exp"]}"#, "{}"),
            &token(r#"{"alg":"EdDSA","crit":null}"#, "{}"),
            &format!("{}.x", token(r#"{"alg":"EdDSA"}"#, "{}")),
        ] {
            assert_eq!(refused(text), TokenError::Malformed, "{text:?}");
        }
    }

    #[test]
    fn none_is_no_algorithm_in_any_spelling() {
        for name in ["none", "None", "nOnE", "", "HS384", "RS512", "eddsa"] {
            let text = token(&format!(r#"{{"alg":"{name}"}}"#), "{}");
            assert_eq!(refused(&text), TokenError::Algorithm, "{name:?}");
        }
    }

    #[test]
    fn an_oversize_token_is_refused_unread() {
        let fits = |pad: usize| {
            token(
                r#"{"alg":"EdDSA"}"#,
                &format!(r#"{{"x":"{}"}}"#, "x".repeat(pad)),
            )
        };
        assert!(Unverified::parse(&fits(6_000)).is_ok());
        assert_eq!(refused(&fits(6_200)), TokenError::Malformed);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}", header in ".{0,60}", payload in ".{0,60}") {
            drop(Unverified::parse(&text));
            drop(Unverified::parse(&token(&header, &payload)));
        }
    }
}
