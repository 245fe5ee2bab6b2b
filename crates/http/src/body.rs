//! Reading a request's body, within bounds of size and time.

use crate::Problem;
use axum::{
    extract::{FromRequest as _, Request, rejection::BytesRejection},
    response::IntoResponse as _,
};
use bytes::Bytes;
use fanfare_proto::ErrorCode;
use std::time::Duration;

/// Longest a peer may take to send a body: as long as for its head. Bodies are small, and each holds a connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a body of at most the router's limit.
///
/// # Errors
///
/// `too_large`, `timeout` when it does not arrive within 10 s, `bad_message` when it cannot be read.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let reading = Bytes::from_request(request, state);
    tokio::time::timeout(BODY_TIMEOUT, reading)
        .await
        .map_err(|_elapsed| Problem::new(ErrorCode::Timeout, "the body did not arrive in time"))?
        .map_err(unread)
}

fn unread(rejection: BytesRejection) -> Problem {
    let response = rejection.into_response();
    if response.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(ErrorCode::TooLarge, "the body is over the limit")
    } else {
        Problem::new(ErrorCode::BadMessage, "the body could not be read")
    }
}
