//! Finding a stream and making it, while other processes do the same.
//!
//! For some milliseconds the servers of a cluster know that there will be a stream, and not yet who leads it. They drop a
//! question about it that comes then without a word, and may drop a request to make it too, which becomes such a question.
//! So an answer is not waited for long, and the question asked again.

use super::{api, connection::Connection, refusal::Refusal};
use serde_json::Value;
use std::{future, time::Duration};
use tokio::time;

/// Longest that finding a stream may take, or making it: there may be an election first.
const LIMIT: Duration = Duration::from_secs(10);

/// How long the first question is waited for: an answer takes some milliseconds. The next one gets twice as long, up to
/// [`LONGEST_LOOK`], for servers that are busy. While a stream is being made, a quarter of that passes before each.
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// What the servers say of `stream`.
///
/// # Errors
///
/// [`Refusal::NotFound`]; another [`Refusal`] when they do not say.
pub(super) async fn find(connection: &Connection, stream: &str) -> Result<Value, Refusal> {
    let mut looks = Looks::new(connection, stream);
    within(async {
        loop {
            match looks.next().await {
                Err(Refusal::Unknown) => {}
                answered => return answered,
            }
        }
    })
    .await
}

/// Makes `stream` with `config`; what the servers say of it then. Another process may have made it first, with another
/// configuration.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn make(
    connection: &Connection,
    stream: &str,
    config: &Value,
) -> Result<Value, Refusal> {
    let made = async {
        match api::call(connection, &format!("STREAM.CREATE.{stream}"), config).await {
            // Somebody else's: it will be found.
            Err(Refusal::Conflict) => future::pending().await,
            answered => answered,
        }
    };
    let mut looks = Looks::new(connection, stream);
    let found = async {
        loop {
            time::sleep(looks.limit / 4).await;
            if let Ok(found) = looks.next().await {
                return found;
            }
        }
    };
    within(async {
        tokio::select! {
            made = made => made,
            found = found => Ok(found),
        }
    })
    .await
}

async fn within(answer: impl Future<Output = Result<Value, Refusal>>) -> Result<Value, Refusal> {
    let answer = time::timeout(LIMIT, answer).await;
    answer.map_err(|_elapsed| Refusal::Unknown)?
}

/// Questions about one stream.
struct Looks<'a> {
    connection: &'a Connection,
    operation: String,
    /// Longest that the next one may take.
    limit: Duration,
}

impl<'a> Looks<'a> {
    fn new(connection: &'a Connection, stream: &str) -> Self {
        Self {
            connection,
            operation: format!("STREAM.INFO.{stream}"),
            limit: FIRST_LOOK,
        }
    }

    async fn next(&mut self) -> Result<Value, Refusal> {
        let (connection, operation) = (self.connection, &self.operation);
        let answer = api::call_within(self.limit, connection, operation, &Value::Null).await;
        self.limit = (self.limit * 2).min(LONGEST_LOOK);
        answer
    }
}
