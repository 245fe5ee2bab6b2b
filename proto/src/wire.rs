//! The messages that cross the bus, generated from `proto/fanfare/v1/*.proto`. Field numbers are for ever.
#![expect(
    missing_docs,
    clippy::doc_markdown,
    reason = "generated; the documentation stands in the .proto files"
)]

include!(concat!(env!("OUT_DIR"), "/fanfare.v1.rs"));

use crate::code::ErrorCode;
use prost::Message;

impl Reply {
    /// A successful answer that carries `answer`.
    #[must_use]
    pub fn ok(answer: &impl Message) -> Self {
        Self {
            result: Some(reply::Result::Ok(answer.encode_to_vec().into())),
        }
    }

    /// A refusal. `message` is for people and never carries internals.
    #[must_use]
    pub fn failure(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            result: Some(reply::Result::Failure(Failure {
                code: code.as_str().to_owned(),
                message: message.into(),
                retry_after_ms: 0,
            })),
        }
    }

    /// Reads an answer of type `T`.
    ///
    /// # Errors
    ///
    /// The failure the service answered; `internal` when the bytes are not an answer at all.
    pub fn read<T: Message + Default>(bytes: &[u8]) -> Result<T, Failure> {
        let broken = || Failure {
            code: ErrorCode::Internal.as_str().to_owned(),
            message: "the service answered something unreadable".to_owned(),
            retry_after_ms: 0,
        };
        let reply = Self::decode(bytes).map_err(|_unreadable| broken())?;
        match reply.result {
            Some(reply::Result::Ok(answer)) => {
                T::decode(answer.as_ref()).map_err(|_unreadable| broken())
            }
            Some(reply::Result::Failure(failure)) => Err(failure),
            None => Err(broken()),
        }
    }
}

impl Failure {
    /// The code, `internal` when this version does not know it.
    #[must_use]
    pub fn error_code(&self) -> ErrorCode {
        ErrorCode::parse(&self.code).unwrap_or(ErrorCode::Internal)
    }
}
