//! Messages between processes that nobody keeps.

use crate::{
    error::{BusError, RequestError},
    feed::Bound,
    filter,
};
use async_trait::async_trait;
use bytes::Bytes;
use fanfare_proto::trace::Context;
use std::{future::Future, pin::Pin, time::Duration};

/// What waits for one subscription at most. Payloads may be shared between subscriptions.
pub(crate) const SUBSCRIPTION: Bound = Bound {
    items: 8_192,
    bytes: 64 * 1024 * 1024,
};

/// As [`Message::payload`] says.
const PAYLOAD_BYTES: usize = 1024 * 1024;

/// Checks what every back end may rely on, so that a mistake shows on each of them.
pub(crate) fn check(subject: &str, payload: &Bytes) -> Result<(), BusError> {
    if filter::is_subject(subject) && payload.len() <= PAYLOAD_BYTES {
        return Ok(());
    }
    tracing::error!(
        subject,
        payload_bytes = payload.len(),
        "a message was refused: no subject, or over 1 MiB"
    );
    Err(BusError::Unavailable)
}

/// One message as a subscriber gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub subject: String,
    /// At most 1 MiB.
    pub payload: Bytes,
    /// What its publisher worked for ([`trace::current`](fanfare_lifecycle::trace::current)).
    pub trace: Option<Context>,
}

/// What a subscription yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message, in the order its publisher sent it.
    Message(Message),
    /// Messages were lost here, because this subscriber was slow or the connection was gone.
    Lagged,
}

/// A stream of messages. Ends by being dropped.
#[async_trait]
pub trait Subscription: Send {
    /// The next message; `None` once the bus has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped call has taken nothing.
    async fn next(&mut self) -> Option<Received>;
}

/// Answers requests: bytes in, bytes out. Runs concurrently with itself; the bus bounds how often.
pub type Responder =
    Box<dyn Fn(Message) -> Pin<Box<dyn Future<Output = Bytes> + Send>> + Send + Sync>;

/// Messages nobody keeps: at most once, ordered per publisher and subject.
///
/// What is sent says for which trace its sender worked, if he did for one.
///
/// A subject is tokens of `A-Z a-z 0-9 _ - =` joined by `.`; in a filter, `*` stands for one token and a final `>` for
/// one or more.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends `payload` to whoever listens now, and to one member of each serving group. Does not wait for them.
    ///
    /// # Errors
    ///
    /// [`BusError`].
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError>;

    /// Listens to everything that matches `filter`. Lossy: a slow reader loses messages and is told
    /// [`Received::Lagged`]. A message published after this resolves is seen.
    ///
    /// # Errors
    ///
    /// [`BusError`].
    async fn subscribe(&self, filter: &str) -> Result<Box<dyn Subscription>, BusError>;

    /// Asks one server of `subject` and waits for its answer, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoResponders`] at once when nobody serves it.
    async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, RequestError>;

    /// Asks every *subscriber or server* of `subject` and collects what they answer until `limit` is over or
    /// `expected` answers are there.
    ///
    /// # Errors
    ///
    /// [`BusError`]; nobody answering is an empty list.
    async fn gather(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
        expected: usize,
    ) -> Result<Vec<Bytes>, BusError>;

    /// Serves `subject` (a filter) as one of `group`: each request goes to one member. With `group` `None` each request
    /// reaches this server too, which is how [`gather`](Self::gather) finds everybody. Requests sent after this
    /// resolves are served, until the returned guard is dropped; what is under way then is finished.
    ///
    /// # Errors
    ///
    /// [`BusError`].
    async fn serve(
        &self,
        subject: &str,
        group: Option<&str>,
        responder: Responder,
    ) -> Result<Serving, BusError>;
}

/// Serves for as long as it lives.
#[must_use]
pub struct Serving(
    #[expect(dead_code, reason = "held for its drop")] Box<dyn std::any::Any + Send + Sync>,
);

impl Serving {
    /// Serves until `guard` is dropped.
    pub fn new(guard: impl std::any::Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}
