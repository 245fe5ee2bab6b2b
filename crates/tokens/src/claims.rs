//! What a token's claims mean, in both directions. Pure.
//!
//! | claim | shape | means |
//! |---|---|---|
//! | `sub`, `id`, `user_id` (a setting) | text or integer, a valid id | the user; the first that is present counts |
//! | `exp` | seconds, required | when it ends |
//! | `nbf`, `iat` | seconds | not before; issued at |
//! | `name`, else `username` | text ≤ 256 bytes without control characters | for people |
//! | `groups` | ≤ 64 ids, text or integers | the groups whose channels he reads |
//! | `channels` | an object of ≤ 64 `"pattern": "r" \| "w" \| "rw"` | `{"topic:news.*": "r", "topic:lab": "rw"}` |
//! | `scope` | ≤ 64 words, one text or a list | rights beyond channels |
//! | `type` | `access` when present | refresh tokens open nothing |
//! | `token_type` | not `refresh` | the same, as Django's Simple JWT writes it |
//! | `sid`, `jti` | text of 1–128 bytes | the login and the token, for revocation |
//!
//! A claim that is `null` counts as absent; one of another shape makes the whole token void, because half a token's rights
//! is nothing anybody asked for.
//!
//! A pattern is a topic's name, `topic:<id>`; a final `*` stands for any rest. Channels of other kinds cannot be opened by
//! a pattern: they belong to users, groups and rooms.

use crate::{ChannelRight, Identity, TokenError};
use fanfare_proto::channel::is_id;
use serde_json::{Map, Value, json};

/// Most groups, channel patterns and scopes, each.
pub const LIST_ITEMS: usize = 64;

/// Longest scope, `sid` and `jti`, in bytes.
const WORD_BYTES: usize = 128;

/// Longest name, in bytes.
const NAME_BYTES: usize = 256;

/// What the times of a token are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The time now.
    pub now_ms: i64,
    /// How far clocks may differ.
    pub leeway_ms: i64,
}

/// Reads verified claims. `user_claims` name the user's id, in order.
///
/// # Errors
///
/// [`TokenError::Claims`]. Times and audience are not judged here: see [`check_times`] and [`check_audience`].
pub fn identity(claims: &Value, user_claims: &[String]) -> Result<Identity, TokenError> {
    let is_refresh = match (present(claims, "type"), present(claims, "token_type")) {
        (Some(kind), _) if kind != "access" => true,
        (_, Some(kind)) => kind == "refresh",
        _ => false,
    };
    if is_refresh {
        return Err(TokenError::Claims);
    }
    let user = user_claims
        .iter()
        .find_map(|name| present(claims, name))
        .and_then(id)
        .ok_or(TokenError::Claims)?;
    Ok(Identity {
        user,
        name: name(claims)?,
        groups: groups(claims)?,
        channels: channels(claims)?,
        scopes: scopes(claims)?,
        session: word(claims, "sid")?,
        token_id: word(claims, "jti")?,
        issued_at_ms: seconds(claims, "iat")?.unwrap_or(0),
        expires_at_ms: seconds(claims, "exp")?.ok_or(TokenError::Claims)?,
    })
}

/// Judges `exp`, `nbf` and `iat`.
///
/// # Errors
///
/// [`TokenError::Claims`] when `exp` is missing or a time is no number, [`TokenError::Expired`],
/// [`TokenError::NotYetValid`].
pub fn check_times(claims: &Value, times: Times) -> Result<(), TokenError> {
    let exp_ms = seconds(claims, "exp")?.ok_or(TokenError::Claims)?;
    if times.now_ms >= exp_ms.saturating_add(times.leeway_ms) {
        return Err(TokenError::Expired);
    }
    let latest_ms = times.now_ms.saturating_add(times.leeway_ms);
    for claim in ["nbf", "iat"] {
        if seconds(claims, claim)?.is_some_and(|from_ms| from_ms > latest_ms) {
            return Err(TokenError::NotYetValid);
        }
    }
    Ok(())
}

/// Judges `aud`: it must be `audience`, or a list that holds it.
///
/// # Errors
///
/// [`TokenError::Audience`].
pub fn check_audience(claims: &Value, audience: &str) -> Result<(), TokenError> {
    let is_meant = match claims.get("aud") {
        Some(Value::String(own)) => own == audience,
        Some(Value::Array(list)) => list.iter().any(|own| own == audience),
        _ => false,
    };
    if is_meant {
        Ok(())
    } else {
        Err(TokenError::Audience)
    }
}

/// Whether `pattern` may stand in `channels`.
#[must_use]
pub fn is_pattern(pattern: &str) -> bool {
    let Some(rest) = pattern.strip_prefix("topic:") else {
        return false;
    };
    match rest.strip_suffix('*') {
        Some("") => true,
        Some(prefix) => is_id(prefix),
        None => is_id(rest),
    }
}

/// The claims that [`identity`] reads back as `identity`.
#[must_use]
pub fn write(issuer: &str, identity: &Identity) -> Value {
    let mut claims = Map::new();
    claims.insert("iss".into(), json!(issuer));
    claims.insert("sub".into(), json!(identity.user));
    claims.insert("type".into(), json!("access"));
    claims.insert("iat".into(), json!(identity.issued_at_ms.div_euclid(1_000)));
    claims.insert(
        "exp".into(),
        json!(identity.expires_at_ms.div_euclid(1_000)),
    );
    let texts = [
        ("name", &identity.name),
        ("sid", &identity.session),
        ("jti", &identity.token_id),
    ];
    for (claim, text) in texts {
        if let Some(text) = text {
            claims.insert(claim.into(), json!(text));
        }
    }
    if !identity.groups.is_empty() {
        claims.insert("groups".into(), json!(identity.groups));
    }
    if !identity.scopes.is_empty() {
        claims.insert("scope".into(), json!(identity.scopes.join(" ")));
    }
    if !identity.channels.is_empty() {
        let rights = identity.channels.iter().map(|right| {
            let letters = match (right.read, right.write) {
                (true, true) => "rw",
                (false, true) => "w",
                _ => "r",
            };
            (right.pattern.clone(), json!(letters))
        });
        claims.insert("channels".into(), Value::Object(rights.collect()));
    }
    Value::Object(claims)
}

/// Reads the value of a `channels` claim.
///
/// # Errors
///
/// [`TokenError::Claims`].
pub fn channel_rights(value: &Value) -> Result<Vec<ChannelRight>, TokenError> {
    let Value::Object(patterns) = value else {
        return Err(TokenError::Claims);
    };
    if patterns.len() > LIST_ITEMS {
        return Err(TokenError::Claims);
    }
    let right = |(pattern, letters): (&String, &Value)| {
        let (read, write) = match letters.as_str()? {
            "r" => (true, false),
            "w" => (false, true),
            "rw" | "wr" => (true, true),
            _ => return None,
        };
        is_pattern(pattern).then(|| ChannelRight {
            pattern: pattern.clone(),
            read,
            write,
        })
    };
    patterns
        .iter()
        .map(|entry| right(entry).ok_or(TokenError::Claims))
        .collect()
}

fn present<'a>(claims: &'a Value, claim: &str) -> Option<&'a Value> {
    claims.get(claim).filter(|value| !value.is_null())
}

fn id(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    is_id(&id).then_some(id)
}

fn name(claims: &Value) -> Result<Option<String>, TokenError> {
    let value = present(claims, "name").or_else(|| present(claims, "username"));
    match value {
        None => Ok(None),
        Some(Value::String(name))
            if name.len() <= NAME_BYTES && !name.contains(char::is_control) =>
        {
            Ok(Some(name.clone()))
        }
        Some(_) => Err(TokenError::Claims),
    }
}

fn word(claims: &Value, claim: &str) -> Result<Option<String>, TokenError> {
    match present(claims, claim) {
        None => Ok(None),
        Some(Value::String(word)) if (1..=WORD_BYTES).contains(&word.len()) => {
            Ok(Some(word.clone()))
        }
        Some(_) => Err(TokenError::Claims),
    }
}

fn groups(claims: &Value) -> Result<Vec<String>, TokenError> {
    match present(claims, "groups") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= LIST_ITEMS => list
            .iter()
            .map(|value| id(value).ok_or(TokenError::Claims))
            .collect(),
        Some(_) => Err(TokenError::Claims),
    }
}

fn channels(claims: &Value) -> Result<Vec<ChannelRight>, TokenError> {
    present(claims, "channels").map_or_else(|| Ok(Vec::new()), channel_rights)
}

fn scopes(claims: &Value) -> Result<Vec<String>, TokenError> {
    let scopes: Vec<String> = match present(claims, "scope") {
        None => return Ok(Vec::new()),
        Some(Value::String(words)) => words.split_ascii_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or(TokenError::Claims))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(TokenError::Claims),
    };
    let fits = |scope: &String| {
        (1..=WORD_BYTES).contains(&scope.len())
            && !scope.contains(|c: char| c.is_ascii_whitespace())
    };
    if scopes.len() <= LIST_ITEMS && scopes.iter().all(fits) {
        Ok(scopes)
    } else {
        Err(TokenError::Claims)
    }
}

/// A time claim in milliseconds. Fractions are allowed (RFC 7519); what no `i64` holds becomes its end.
fn seconds(claims: &Value, claim: &str) -> Result<Option<i64>, TokenError> {
    let Some(value) = present(claims, claim) else {
        return Ok(None);
    };
    let Value::Number(number) = value else {
        return Err(TokenError::Claims);
    };
    if let Some(seconds) = number.as_i64() {
        return Ok(Some(seconds.saturating_mul(1_000)));
    }
    let seconds = number.as_f64().ok_or(TokenError::Claims)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, which is what is meant"
    )]
    let ms = (seconds * 1_000.0) as i64;
    Ok(Some(ms))
}

#[cfg(test)]
mod tests;
