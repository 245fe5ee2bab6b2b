//! Failures of the back end, as problems.

use fanfare_bus::{KvError, LogError};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use fanfare_tokens::TokenError;

/// When a client may try again while the back end is away.
const RETRY_AFTER_MS: u64 = 1_000;

/// The back end is away.
#[must_use]
pub fn unavailable() -> Problem {
    Problem::new(
        ErrorCode::Unavailable,
        "the store is away; try again, with the same Idempotency-Key if you sent one",
    )
    .retry_after_ms(RETRY_AFTER_MS)
}

/// A fault of ours; `what` names it in the log, never in the answer.
#[must_use]
pub fn internal(what: &str) -> Problem {
    tracing::error!(what, "a request failed by a fault of ours");
    Problem::new(
        ErrorCode::Internal,
        "this is a fault of ours; quote the X-Request-Id when you report it",
    )
}

/// What the log answered.
#[must_use]
pub fn of_log(error: LogError) -> Problem {
    match error {
        LogError::Unavailable | LogError::Stale => unavailable(),
        LogError::TooLarge => {
            Problem::new(ErrorCode::TooLarge, "what is to be stored is too large")
        }
        LogError::Store => internal("the log's store failed"),
        LogError::Conflict { .. } | LogError::Trimmed { .. } | LogError::Mismatch => {
            internal("the log answered what was not asked for")
        }
    }
}

/// What the records' store answered.
#[must_use]
pub fn of_kv(error: KvError) -> Problem {
    match error {
        KvError::Unavailable => unavailable(),
        KvError::Conflict => Problem::new(
            ErrorCode::Unavailable,
            "too many changes at once; try again",
        )
        .retry_after_ms(RETRY_AFTER_MS),
        KvError::TooLarge => internal("a record is too large"),
        KvError::Store => internal("the records' store failed"),
    }
}

/// Why a token is refused.
#[must_use]
pub fn of_token(error: TokenError) -> Problem {
    let code = match error {
        TokenError::Unavailable => ErrorCode::Unavailable,
        _ => ErrorCode::Unauthorized,
    };
    Problem::new(code, error.to_string())
}

/// Whether the same request may succeed later.
#[must_use]
pub fn is_transient(problem: &Problem) -> bool {
    [
        ErrorCode::Unavailable,
        ErrorCode::Timeout,
        ErrorCode::Internal,
    ]
    .iter()
    .any(|code| code.as_str() == problem.code())
}
