//! Failures of the back end, as problems.

use fanfare_bus::{KvError, LogError};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use fanfare_tokens::TokenError;

/// When a client may try again while the back end is away.
const RETRY_AFTER_MS: u64 = 1_000;

pub(crate) fn unavailable() -> Problem {
    Problem::new(
        ErrorCode::Unavailable,
        "the store is away; try again, with the same Idempotency-Key if you sent one",
    )
    .retry_after_ms(RETRY_AFTER_MS)
}

/// A user asks too often; he may try again after so many milliseconds.
pub(crate) fn rate_limited(retry_after_ms: u64) -> Problem {
    Problem::new(
        ErrorCode::RateLimited,
        "too many requests for this inbox; wait for the Retry-After, and listen for `counts` instead of asking",
    )
    .retry_after_ms(retry_after_ms)
}

/// A fault of ours; `what` names it in the log, never in the answer.
pub(crate) fn internal(what: &str) -> Problem {
    tracing::error!(what, "a request failed by a fault of ours");
    Problem::new(
        ErrorCode::Internal,
        "this is a fault of ours; quote the X-Request-Id when you report it",
    )
}

pub(crate) fn of_log(error: LogError) -> Problem {
    match error {
        LogError::Unavailable | LogError::Stale => unavailable(),
        LogError::TooLarge => Problem::new(ErrorCode::TooLarge, "the notification is too large"),
        LogError::Store => internal("the log's store failed"),
        LogError::Conflict { .. } | LogError::Trimmed { .. } | LogError::Mismatch => {
            internal("the log answered what was not asked for")
        }
    }
}

pub(crate) fn of_kv(error: KvError) -> Problem {
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

pub(crate) fn of_token(error: TokenError) -> Problem {
    let code = match error {
        TokenError::Unavailable => ErrorCode::Unavailable,
        _ => ErrorCode::Unauthorized,
    };
    Problem::new(code, error.to_string())
}

/// Whether the same request may succeed later.
pub(crate) fn is_transient(problem: &Problem) -> bool {
    [
        ErrorCode::Unavailable,
        ErrorCode::Timeout,
        ErrorCode::Internal,
    ]
    .iter()
    .any(|code| code.as_str() == problem.code())
}
