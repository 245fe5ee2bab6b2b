//! Requests about streams themselves.

use super::{connection::Connection, refusal::Refusal};
use async_nats::HeaderMap;
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// Longest that an answer may take. Making a stream in a cluster takes an election.
const API_LIMIT: Duration = Duration::from_secs(10);

/// Asks `$JS.API.<operation>`; the answer.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn call(
    connection: &Connection,
    operation: &str,
    request: &Value,
) -> Result<Value, Refusal> {
    call_within(API_LIMIT, connection, operation, request).await
}

/// The same, where the answer may take so long at most.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn call_within(
    limit: Duration,
    connection: &Connection,
    operation: &str,
    request: &Value,
) -> Result<Value, Refusal> {
    let payload = match request {
        Value::Null => Bytes::new(),
        request => Bytes::from(request.to_string()),
    };
    let subject = format!("$JS.API.{operation}");
    let answer = connection
        .ask(subject, HeaderMap::new(), payload, limit)
        .await?;
    let answer: Value =
        serde_json::from_slice(&answer.payload).map_err(|_not_json| Refusal::Refused)?;
    match Refusal::of(&answer) {
        Some(refusal) => Err(refusal),
        None => Ok(answer),
    }
}
