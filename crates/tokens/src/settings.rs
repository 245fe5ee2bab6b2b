//! What a service accepts.

use std::{collections::HashSet, fmt, path::PathBuf, time::Duration};

/// Shortest HS256 secret, in bytes: RFC 7518 asks for no less than the digest's length.
const SECRET_BYTES_MIN: usize = 32;

/// Most external issuers. Each has a task of its own.
const ISSUERS_MAX: usize = 16;

/// Longest leeway. Beyond it an expired token would live on noticeably.
const LEEWAY_MAX: Duration = Duration::from_secs(300);

/// What a service accepts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `iss` of our own auth service, whose keys are asked for over the bus; `None` when tokens come from elsewhere
    /// only.
    pub issuer: Option<String>,
    /// Others whose tokens are accepted, at most 16.
    pub external: Vec<Issuer>,
    /// How far clocks may differ, for `exp`, `nbf` and `iat`; at most five minutes.
    pub leeway: Duration,
    /// Claims that may hold the user's id; the first that is present counts.
    pub user_claims: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: Some("fanfare".to_owned()),
            external: Vec::new(),
            leeway: Duration::from_secs(5),
            user_claims: ["sub", "id", "user_id"].map(str::to_owned).into(),
        }
    }
}

/// Somebody else whose tokens are accepted.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The `iss` of its tokens, compared byte by byte.
    pub name: String,
    /// Where its keys are, which also says what algorithms it may use.
    pub keys: KeySource,
    /// What `aud` must be, or hold. `None` does not look at `aud`: right only for an issuer that signs for Fanfare alone.
    pub audience: Option<String>,
    /// Takes tokens without `iss` for this issuer's. Only with a shared secret, and for one issuer at most: Django's
    /// usual libraries leave `iss` out.
    pub accept_missing_issuer: bool,
    /// Lets this issuer's tokens carry the scope `admin`; otherwise it is dropped, because what an issuer shared with
    /// others calls `admin` is rarely an administrator of Fanfare.
    pub accept_admin: bool,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A JSON Web Key Set at this `https` or `http` address: `EdDSA`, ES256, RS256. Redirects are not followed, and no
    /// proxy is used.
    Url(String),
    /// A JSON Web Key Set in this file, read again when it changes: `EdDSA`, ES256, RS256.
    File(PathBuf),
    /// A secret both sides hold: HS256 and nothing else.
    SharedSecret(Secret),
}

/// Secret bytes. Never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps `bytes`.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Settings {
    /// Checks everything that can be checked without I/O.
    ///
    /// # Errors
    ///
    /// The text says which setting is wrong and what to do.
    pub fn validate(&self) -> Result<(), String> {
        if self.issuer.is_none() && self.external.is_empty() {
            return Err(
                "no issuer is accepted: nobody could sign in; configure at least one".into(),
            );
        }
        if self.external.len() > ISSUERS_MAX {
            return Err(format!("at most {ISSUERS_MAX} external issuers are taken"));
        }
        if self.leeway > LEEWAY_MAX {
            return Err(format!(
                "a leeway of {} s is too long: {} s at most",
                self.leeway.as_secs(),
                LEEWAY_MAX.as_secs()
            ));
        }
        if self.user_claims.is_empty() {
            return Err("name at least one claim that holds the user's id".into());
        }
        let mut names: HashSet<&str> = self.issuer.as_deref().into_iter().collect();
        if names.contains("") {
            return Err("the issuer's name is empty".into());
        }
        for issuer in &self.external {
            issuer.validate()?;
            if !names.insert(&issuer.name) {
                return Err(format!("the issuer {:?} is configured twice", issuer.name));
            }
        }
        let without_name = |issuer: &&Issuer| issuer.accept_missing_issuer;
        if self.external.iter().filter(without_name).count() > 1 {
            return Err("only one issuer may take tokens without `iss`".into());
        }
        Ok(())
    }
}

impl Issuer {
    fn validate(&self) -> Result<(), String> {
        let name = &self.name;
        if name.is_empty() {
            return Err("an external issuer's name is empty".into());
        }
        match &self.keys {
            KeySource::Url(url) => {
                let url: reqwest::Url = url
                    .parse()
                    .map_err(|error| format!("the key set URL of issuer {name:?}: {error}"))?;
                if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
                    return Err(format!(
                        "the key set URL of issuer {name:?} is not an http(s) address"
                    ));
                }
            }
            KeySource::File(_) => {}
            KeySource::SharedSecret(secret) if secret.0.len() < SECRET_BYTES_MIN => {
                return Err(format!(
                    "the shared secret of issuer {name:?} is shorter than {SECRET_BYTES_MIN} bytes"
                ));
            }
            KeySource::SharedSecret(_) => return Ok(()),
        }
        if self.accept_missing_issuer {
            return Err(format!(
                "issuer {name:?} takes tokens without `iss`, which only a shared secret allows"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(name: &str, keys: KeySource) -> Issuer {
        Issuer {
            name: name.into(),
            keys,
            audience: None,
            accept_missing_issuer: false,
            accept_admin: false,
        }
    }

    fn refused(external: Vec<Issuer>) -> String {
        let settings = Settings {
            external,
            ..Settings::default()
        };
        settings.validate().unwrap_err()
    }

    #[test]
    fn dangerous_settings_are_refused_by_name() {
        assert_eq!(Settings::default().validate(), Ok(()));
        let secret = || KeySource::SharedSecret(Secret::new([7; 32]));
        let short = KeySource::SharedSecret(Secret::new([7; 31]));
        assert!(refused(vec![issuer("django", short)]).contains("shorter"));
        assert!(refused(vec![issuer("fanfare", secret())]).contains("twice"));
        let file = KeySource::Url("file:///etc/passwd".into());
        assert!(refused(vec![issuer("idp", file)]).contains("http"));
        let mut nameless = issuer("idp", KeySource::Url("https://idp.example/jwks".into()));
        nameless.accept_missing_issuer = true;
        assert!(refused(vec![nameless]).contains("shared secret"));
        let mut both = [issuer("a", secret()), issuer("b", secret())];
        both.iter_mut()
            .for_each(|issuer| issuer.accept_missing_issuer = true);
        assert!(refused(both.into()).contains("only one"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", Secret::new(*b"hush")).contains("hush"));
    }
}
