//! Saying no to a frame.

use fanfare_proto::ErrorCode;

/// Why a frame is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// Instead of the code's own words.
    pub(crate) message: Option<String>,
    pub(crate) retry_after_ms: u64,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            retry_after_ms: 0,
        }
    }
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::from(code)
        }
    }
}
