//! Why something could not be done, by what the caller is told.

use fanfare_bus::KvError;
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, wire::Reply};

/// What went wrong. The cause is in the log of whoever failed; none of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Somebody else changed the record: read again and decide again.
    Conflict,
    /// The store is away.
    Unavailable,
    /// Too many at once.
    Busy {
        retry_after_ms: u64,
    },
    /// The user was revoked more than once within a second: a new token could not be told from those taken back.
    JustRevoked {
        retry_after_ms: u64,
    },
    Internal,
}

impl From<KvError> for Fault {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict => Self::Conflict,
            KvError::Unavailable => Self::Unavailable,
            KvError::TooLarge | KvError::Store => {
                tracing::error!(%error, "a record could not be read or written");
                Self::Internal
            }
        }
    }
}

impl Fault {
    const fn told(self) -> (ErrorCode, &'static str, Option<u64>) {
        match self {
            Self::Conflict => (
                ErrorCode::Conflict,
                "somebody else changed this at the same time, try again",
                None,
            ),
            Self::Unavailable => (
                ErrorCode::Unavailable,
                "the store is away, try again",
                Some(1_000),
            ),
            Self::Busy { retry_after_ms } => (
                ErrorCode::RateLimited,
                "too many logins at once, try again",
                Some(retry_after_ms),
            ),
            Self::JustRevoked { retry_after_ms } => (
                ErrorCode::RateLimited,
                "this user was signed out a moment ago, try again",
                Some(retry_after_ms),
            ),
            Self::Internal => (ErrorCode::Internal, "the request could not be done", None),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let (code, detail, retry_after_ms) = fault.told();
        let problem = Self::new(code, detail);
        match retry_after_ms {
            Some(ms) => problem.retry_after_ms(ms),
            None => problem,
        }
    }
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        let (code, detail, _retry) = fault.told();
        Self::failure(code, detail)
    }
}
