//! Tokens that were taken back before their end.

use crate::Identity;
use bytes::Bytes;
use fanfare_bus::{Kv, KvError, kv::Expect};
use fanfare_proto::token;

/// The bucket that auth writes and every verifier watches. Keys are `user/<id>`, `session/<sid>` and `token/<jti>`, each
/// id encoded as a token of the bus.
pub(crate) const BUCKET: &str = "revocation";

/// Most attempts to write a user's record while others write it.
const ATTEMPTS: usize = 16;

/// Which tokens are void. Kept until the last token it can hit has expired.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// Every token of this user issued at or before this time.
    User {
        /// Whose.
        user: String,
        /// Compared with `iat`, which counts whole seconds.
        until_ms: i64,
    },
    /// Every token of this login.
    Session(String),
    /// One token.
    Token(String),
}

impl Revocation {
    /// Whether `identity`'s token is void by this.
    #[must_use]
    pub fn hits(&self, identity: &Identity) -> bool {
        match self {
            Self::User { user, until_ms } => {
                identity.user == *user && identity.issued_at_ms <= *until_ms
            }
            Self::Session(session) => identity.session.as_deref() == Some(session),
            Self::Token(token) => identity.token_id.as_deref() == Some(token),
        }
    }

    /// Takes the tokens back everywhere. `ttl_ms` is the longest life of a token it can hit; afterwards the record goes
    /// by itself. A user's is written as [`revoke_user`] does. When this resolves every verifier learns of it within a
    /// second.
    ///
    /// # Errors
    ///
    /// [`KvError`]; nothing was taken back then.
    pub async fn publish(&self, kv: &dyn Kv, ttl_ms: u64) -> Result<(), KvError> {
        if let Self::User { user, until_ms } = self {
            return revoke_user(kv, user, |_earlier_ms| *until_ms).await;
        }
        let (key, value) = self.record();
        kv.put(BUCKET, &key, value, Expect::Any, Some(ttl_ms))
            .await
            .map(drop)
    }

    fn record(&self) -> (String, Bytes) {
        let (kind, id, value) = match self {
            Self::User { user, until_ms } => ("user", user, until_ms.to_string()),
            Self::Session(session) => ("session", session, String::new()),
            Self::Token(token) => ("token", token, String::new()),
        };
        (format!("{kind}/{}", token::encode(id)), value.into())
    }

    /// Reads a record of [`BUCKET`]; `None` for one this version does not know.
    pub(crate) fn of_record(key: &str, value: &[u8]) -> Option<Self> {
        let (kind, id) = key.split_once('/')?;
        let id = token::decode(id)?;
        match kind {
            "user" => {
                let until_ms = std::str::from_utf8(value).ok()?.parse().ok()?;
                Some(Self::User { user: id, until_ms })
            }
            "session" => Some(Self::Session(id)),
            "token" => Some(Self::Token(id)),
            _ => None,
        }
    }
}

/// Until when `user`'s tokens are void, if any are. Who signs a token dates it later than that.
///
/// # Errors
///
/// [`KvError`].
pub async fn revoked_until_ms(kv: &dyn Kv, user: &str) -> Result<Option<i64>, KvError> {
    Ok(of_user(kv, user)
        .await?
        .map(|(until_ms, _revision)| until_ms))
}

/// Takes back every token of `user` issued at or before the time that `until_ms` makes of the one that counts now, if
/// any does. It may run several times, when others take back the same user's meanwhile; whatever it says, no time that
/// was written is ever lowered. The record stays for good: it is small, and an issuer elsewhere may sign for any time.
///
/// # Errors
///
/// [`KvError`]; [`KvError::Conflict`] when others were faster 16 times. Nothing was taken back then.
pub async fn revoke_user(
    kv: &dyn Kv,
    user: &str,
    until_ms: impl Fn(Option<i64>) -> i64,
) -> Result<(), KvError> {
    for _attempt in 0..ATTEMPTS {
        let known = of_user(kv, user).await?;
        let earlier_ms = known.map(|(until_ms, _revision)| until_ms);
        let until_ms = until_ms(earlier_ms);
        let expect = match known {
            Some((earlier_ms, _revision)) if earlier_ms >= until_ms => return Ok(()),
            Some((_earlier_ms, revision)) => Expect::Revision(revision),
            None => Expect::Absent,
        };
        let user = user.to_owned();
        let (key, value) = Revocation::User { user, until_ms }.record();
        match kv.put(BUCKET, &key, value, expect, None).await {
            Ok(_revision) => return Ok(()),
            Err(KvError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(KvError::Conflict)
}

/// Until when `user`'s tokens are void, and the revision of the record that says so.
async fn of_user(kv: &dyn Kv, user: &str) -> Result<Option<(i64, u64)>, KvError> {
    let key = format!("user/{}", token::encode(user));
    let Some(record) = kv.get(BUCKET, &key).await? else {
        return Ok(None);
    };
    let until_ms = match Revocation::of_record(&record.key, &record.value) {
        Some(Revocation::User { until_ms, .. }) => until_ms,
        // Of a version that writes otherwise: what this one says counts.
        _ => i64::MIN,
    };
    Ok(Some((until_ms, record.revision)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back() {
        for revocation in [
            Revocation::User {
                user: "a.b@c".into(),
                until_ms: 1_700_000_000_123,
            },
            Revocation::Session("s/1".into()),
            Revocation::Token("token *".into()),
        ] {
            let (key, value) = revocation.record();
            assert_eq!(Revocation::of_record(&key, &value), Some(revocation));
        }
        assert_eq!(Revocation::of_record("user/a", b"later"), None);
        assert_eq!(Revocation::of_record("planet/a", b""), None);
    }

    #[test]
    fn a_users_revocation_spares_what_was_issued_later() {
        let revocation = Revocation::User {
            user: "7".into(),
            until_ms: 10_500,
        };
        let issued = |issued_at_ms| Identity {
            user: "7".into(),
            issued_at_ms,
            ..Identity::default()
        };
        assert!(revocation.hits(&issued(0)));
        assert!(revocation.hits(&issued(10_000)));
        assert!(!revocation.hits(&issued(11_000)));
    }
}
