//! Why a stream did not do what it was asked to.

use crate::error::{KvError, LogError, RequestError};
use serde_json::Value;

/// By what the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The subject does not end where it was expected to, or the stream is there already and another: read again and decide
    /// again. Nothing has happened.
    Conflict,
    /// Not right now: try again. Nothing has happened.
    Busy,
    /// No answer: it may have happened, or may still happen.
    Unknown,
    /// There is no such thing.
    NotFound,
    /// Over a limit of the server.
    TooLarge,
    /// For good. The cause was logged.
    Refused,
}

/// The stream's subject does not end where it was expected to.
const WRONG_LAST_SEQUENCE: u64 = 10_071;
/// The same, because another message on the subject is under way.
const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10_164;
/// Of a stream that is to be made: it is there, with another configuration.
const NAME_IN_USE: u64 = 10_058;
const MESSAGE_TOO_LARGE: u64 = 10_054;
const BATCH_TOO_LARGE: u64 = 10_199;
/// A message of it was lost on the way, or its first was one too many.
const BATCH_INCOMPLETE: u64 = 10_176;
const BATCHES_IN_FLIGHT: u64 = 10_210;
const NOT_LEADER: u64 = 10_009;
const NO_MESSAGE: u64 = 10_037;
/// How deleting says it.
const NO_MESSAGE_TO_DELETE: u64 = 10_057;

impl Refusal {
    /// Reads an answer's `error`; `None` when there is none.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let error = answer.get("error")?;
        let code = error.get("err_code").and_then(Value::as_u64);
        let status = error.get("code").and_then(Value::as_u64);
        let description = error.get("description").and_then(Value::as_str);
        Some(match (code, status) {
            (Some(WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_CONSTANT | NAME_IN_USE), _) => {
                Self::Conflict
            }
            (Some(MESSAGE_TOO_LARGE | BATCH_TOO_LARGE), _) => Self::TooLarge,
            (Some(BATCH_INCOMPLETE | BATCHES_IN_FLIGHT | NOT_LEADER), _) | (_, Some(503)) => {
                Self::Busy
            }
            (Some(NO_MESSAGE), _) | (_, Some(404)) => Self::NotFound,
            (Some(NO_MESSAGE_TO_DELETE), _) if description == Some("no message found") => {
                Self::NotFound
            }
            _ => {
                tracing::error!(code, description, "JetStream refuses");
                Self::Refused
            }
        })
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoResponders | RequestError::Unavailable => Self::Busy,
            RequestError::Timeout => Self::Unknown,
        }
    }
}

impl From<Refusal> for LogError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict | Refusal::Busy | Refusal::Unknown => Self::Unavailable,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::NotFound | Refusal::Refused => Self::Store,
        }
    }
}

impl From<Refusal> for KvError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict => Self::Conflict,
            Refusal::Busy | Refusal::Unknown => Self::Unavailable,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::NotFound | Refusal::Refused => Self::Store,
        }
    }
}
