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
/// Of a stream that is to be made: its replicas need servers that are not there, or have not been heard of yet.
const NO_PEERS: u64 = 10_005;
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
            (Some(NO_PEERS), _) => {
                tracing::warn!(
                    description,
                    "JetStream has too few servers for a new stream"
                );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        let refusal = |code: u64, err_code: u64| {
            Refusal::of(&serde_json::json!({ "error": { "code": code, "err_code": err_code } }))
        };
        assert_eq!(refusal(400, 10_071), Some(Refusal::Conflict));
        assert_eq!(refusal(400, 10_058), Some(Refusal::Conflict));
        assert_eq!(refusal(400, 10_005), Some(Refusal::Busy));
        assert_eq!(refusal(503, 10_008), Some(Refusal::Busy));
        assert_eq!(refusal(404, 10_059), Some(Refusal::NotFound));
        assert_eq!(refusal(400, 10_054), Some(Refusal::TooLarge));
        assert_eq!(refusal(400, 10_052), Some(Refusal::Refused));
        assert_eq!(Refusal::of(&serde_json::json!({ "seq": 1 })), None);
    }
}
