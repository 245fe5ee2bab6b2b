//! The `Idempotency-Key` of a request.

use crate::Problem;
use axum::http::HeaderMap;
use fanfare_proto::{ErrorCode, limits};

/// The key; `None` when there is none.
///
/// # Errors
///
/// `bad_message` when it is empty, too long, or no text.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=limits::IDEMPOTENCY_KEY_BYTES).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::new(
            ErrorCode::BadMessage,
            format!(
                "Idempotency-Key: must be 1 to {} printable ASCII characters",
                limits::IDEMPOTENCY_KEY_BYTES
            ),
        )),
    }
}
