//! What an operator may set.

use crate::Password;
use std::time::Duration;

/// Longest life of a token that a backend asks for, and of an access token.
pub(crate) const TOKEN_TTL_MAX: Duration = Duration::from_secs(24 * 3600);

/// Added to how long voided tokens and retired keys are remembered, for the leeway of verifiers (at most this long).
pub(crate) const LEEWAY_MAX: Duration = Duration::from_secs(300);

/// Of the auth service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `iss` of our tokens.
    pub issuer: String,
    /// Life of an access token that comes with a login or a refresh; 1 min to 24 h.
    pub access_ttl: Duration,
    /// Life of a refresh token, from when it was given; longer than `access_ttl`.
    pub refresh_ttl: Duration,
    /// How long a key signs before the next one does; at least an hour.
    pub key_rotation: Duration,
    /// How long revocations of logins and single tokens are remembered, at least 24 h: the longest life of *any* token that
    /// verifiers accept. Raise it when an external issuer signs for longer. Those of users are remembered for good.
    pub revocation_ttl: Duration,
    /// Password of `admin` at the very first start; without it one is generated. Later starts do not look at it.
    pub admin_password: Option<Password>,
    /// How often one may try.
    pub login: LoginLimits,
    /// What a password hash costs.
    pub passwords: PasswordCost,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "fanfare".to_owned(),
            access_ttl: Duration::from_secs(15 * 60),
            refresh_ttl: Duration::from_secs(30 * 24 * 3600),
            key_rotation: Duration::from_secs(30 * 24 * 3600),
            revocation_ttl: Duration::from_secs(31 * 24 * 3600),
            admin_password: None,
            login: LoginLimits::default(),
            passwords: PasswordCost::default(),
        }
    }
}

/// Failed logins that are let through. Counted by each worker for itself: with `n` workers the limits are up to `n` times
/// as wide. Successful logins do not count.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// For one username from one IPv4 address or IPv6 /64: so nobody locks somebody else out from elsewhere.
    pub name: Rate,
    /// For one username, whoever tries. Much wider, against many addresses that guess together.
    pub name_anywhere: Rate,
    /// For one IPv4 address or IPv6 /64, whatever the name. Wider than the other: offices share an address.
    pub address: Rate,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self {
            name: Rate {
                burst: 10,
                every: Duration::from_secs(6),
            },
            name_anywhere: Rate {
                burst: 100,
                every: Duration::from_secs(1),
            },
            address: Rate {
                burst: 50,
                every: Duration::from_secs(1),
            },
        }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// At once; at least 1.
    pub burst: u32,
    /// One more each.
    pub every: Duration,
}

/// What a password hash (argon2id) costs. The defaults are the ones OWASP names. A change is for new passwords: those
/// that are stored keep their cost.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashes computed at once: `concurrent × memory_kib` is all the memory that logins can take.
    pub concurrent: usize,
    /// Logins that may wait for their turn; more are told to come back.
    pub waiting: usize,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            concurrent: 4,
            // At some 25 ms a hash and 4 at once the last one waits 0.4 s.
            waiting: 64,
        }
    }
}

impl Settings {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// The text says which setting is wrong.
    pub fn validate(&self) -> Result<(), String> {
        let minute = Duration::from_secs(60);
        let LoginLimits {
            name,
            name_anywhere,
            address,
        } = self.login;
        let logins = [name, name_anywhere, address];
        let problem = if self.issuer.is_empty() || self.issuer.len() > 256 {
            "the issuer's name is 1 to 256 bytes"
        } else if self.access_ttl < minute || self.access_ttl > TOKEN_TTL_MAX {
            "an access token lives 1 minute to 24 hours"
        } else if self.refresh_ttl <= self.access_ttl {
            "a refresh token lives longer than an access token"
        } else if self.refresh_ttl > Duration::from_secs(400 * 24 * 3600) {
            "a refresh token lives 400 days at most"
        } else if self.key_rotation < 60 * minute {
            "a key signs for at least an hour"
        } else if self.revocation_ttl < TOKEN_TTL_MAX {
            "revocations are remembered for at least 24 hours"
        } else if logins.iter().any(|rate| rate.burst == 0) {
            "a login limit lets at least one through"
        } else if logins.iter().any(|rate| rate.every.is_zero()) {
            "a login limit refills in at least a millisecond"
        } else if self.passwords.concurrent == 0 {
            "at least one password is checked at once"
        } else {
            return self.admin_password.as_ref().map_or(Ok(()), |password| {
                password.check_new().map_err(str::to_owned)
            });
        };
        Err(problem.to_owned())
    }
}

/// Milliseconds of a duration, as records and clocks count.
pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds of a duration, as a record's life.
pub(crate) fn ttl_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
