//! Storing messages: one, or several of one stream at once.

use super::{connection::Connection, header, inbox::Mailbox, refusal::Refusal};
use async_nats::{HeaderMap, Message, StatusCode};
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;
use tokio::time;

/// Longest that a stream may take to say that it has stored something. Elections take longer: whoever meets one asks
/// again.
pub(super) const ACK_LIMIT: Duration = Duration::from_secs(3);

/// Most messages in an atomic batch, as servers allow unless they are configured to allow more
/// (`jetstream { limits { batch { max_msgs } } }`).
pub(super) const BATCH_MESSAGES: usize = 1_000;

/// One message to store.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

/// Stores `post`; its sequence.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn publish(connection: &Connection, post: Post) -> Result<u64, Refusal> {
    let Post {
        subject,
        headers,
        payload,
    } = post;
    let answer = connection.ask(subject, headers, payload, ACK_LIMIT).await?;
    sequence(&answer)
}

/// Stores all of `posts` or none, as a whole and in one row: the sequence of the last is returned, the others come right
/// before it. All go to one stream. What a post expects of its subject is what stood there before the batch; only the
/// first of a subject may expect anything.
///
/// On a stream with one replica a batch costs the server one or two milliseconds, however small it is.
///
/// # Errors
///
/// [`Refusal`]; with [`Refusal::Conflict`] any of them may have met it.
pub(super) async fn publish_all(
    connection: &Connection,
    posts: impl IntoIterator<Item = Post, IntoIter: ExactSizeIterator + Send>,
) -> Result<u64, Refusal> {
    let mut mailbox = connection.mailbox(1);
    let stored = async {
        send_all(connection, &mailbox, posts.into_iter()).await?;
        mailbox.next().await.ok_or(Refusal::Unknown)
    };
    let answer = time::timeout(ACK_LIMIT, stored).await;
    sequence(&answer.map_err(|_elapsed| Refusal::Unknown)??)
}

/// Without waiting in between: what is wrong with any of them shows in the answer to the last.
async fn send_all(
    connection: &Connection,
    mailbox: &Mailbox,
    posts: impl ExactSizeIterator<Item = Post>,
) -> Result<(), Refusal> {
    let count = posts.len();
    for (index, post) in posts.enumerate() {
        let mut headers = post.headers;
        // An address is never used twice.
        headers.insert(header::BATCH_ID, mailbox.address());
        headers.insert(header::BATCH_SEQUENCE, (index + 1).to_string());
        let is_last = index + 1 == count;
        if is_last {
            headers.insert(header::BATCH_COMMIT, "1");
        }
        let reply = is_last.then_some(mailbox.address());
        connection
            .send(post.subject, reply, headers, post.payload)
            .await?;
    }
    Ok(())
}

fn sequence(answer: &Message) -> Result<u64, Refusal> {
    if answer.status == Some(StatusCode::NO_RESPONDERS) {
        return Err(Refusal::Busy);
    }
    let answer: Value =
        serde_json::from_slice(&answer.payload).map_err(|_not_json| Refusal::Refused)?;
    match Refusal::of(&answer) {
        Some(refusal) => Err(refusal),
        None => answer
            .get("seq")
            .and_then(Value::as_u64)
            .ok_or(Refusal::Refused),
    }
}
