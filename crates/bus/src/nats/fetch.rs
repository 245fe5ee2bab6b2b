//! Reading streams directly, several messages at a request.
//!
//! Any replica answers, also one that is behind: what is not in an answer may be there all the same. Whoever must know
//! compares how far the answer reaches with the sequence of something that is surely there.

use super::{
    connection::Connection,
    header,
    inbox::Mailbox,
    refusal::Refusal,
    stored::{Stored, number},
};
use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};
use tokio::time;

/// Most messages in an answer; the server allows 1,024 to one by subjects.
pub(super) const FETCH_MESSAGES: usize = 1_000;

/// Where an answer to [`following`] ends early, so that 1,000 of the largest messages are not on their way at once.
const FETCH_BYTES: usize = 4 * 1024 * 1024;

/// Where an answer to [`latest`] is cut, and asked on for.
const LATEST_BYTES: usize = 16 * 1024 * 1024;

/// How a server says that there is nothing on any of the subjects.
const NO_RESULTS: &str = "No Results";

/// Longest that an answer may take.
const FETCH_LIMIT: Duration = Duration::from_secs(3);

/// What is last on some subjects.
#[derive(Debug, Default)]
pub(super) struct Latest {
    /// In the order of their sequences. Subjects with nothing on them are left out.
    pub(super) messages: Vec<Stored>,
    /// The replica that answered has everything up to this sequence; 0 when it found nothing at all and did not say.
    pub(super) reach_seq: u64,
}

/// What comes after some place.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// In the order of their sequences.
    pub(super) messages: Vec<Stored>,
    /// Whether the replica that answered has more.
    pub(super) more: bool,
}

/// The last message on each of `subjects` (at most [`FETCH_MESSAGES`]), all as of one moment between two writes or
/// batches, unless they are over 16 MiB together.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn latest(
    connection: &Connection,
    stream: &str,
    subjects: &[String],
) -> Result<Latest, Refusal> {
    let mut latest = Latest::default();
    let mut left = subjects.to_vec();
    loop {
        let request = json!({ "multi_last": left, "max_bytes": LATEST_BYTES });
        let (messages, end) = fetch(connection, stream, &request).await?;
        if is_404(&end) && end.description.as_deref() != Some(NO_RESULTS) {
            // Found, and removed before it was read.
            return Err(Refusal::Busy);
        }
        let found: HashSet<&str> = messages.iter().map(|found| &*found.subject).collect();
        left.retain(|subject| !found.contains(&**subject));
        if latest.messages.is_empty() {
            latest.reach_seq = counted(&end, header::UP_TO_SEQUENCE);
        }
        let is_over = counted(&end, header::NUM_PENDING) == 0 || messages.is_empty();
        latest.messages.extend(messages);
        if is_over {
            return Ok(latest);
        }
    }
}

/// The first `count` messages on `subject`, which may be a filter, from sequence `from_seq` on. Fewer when they are large.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn following(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from_seq: u64,
    count: usize,
) -> Result<Following, Refusal> {
    let request = json!({
        "next_by_subj": subject,
        "seq": from_seq.max(1),
        "batch": count.clamp(1, FETCH_MESSAGES),
        "max_bytes": FETCH_BYTES,
    });
    let (messages, end) = fetch(connection, stream, &request).await?;
    Ok(Following {
        messages,
        more: counted(&end, header::NUM_PENDING) > 0,
    })
}

/// The first message on `filter` that was stored at `time` or later.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn since(
    connection: &Connection,
    stream: &str,
    filter: &str,
    time: jiff::Timestamp,
) -> Result<Option<Stored>, Refusal> {
    let request = json!({ "next_by_subj": filter, "start_time": time.to_string(), "batch": 1 });
    let (messages, _end) = fetch(connection, stream, &request).await?;
    Ok(messages.into_iter().next())
}

/// The message with sequence `seq`, if it is there.
///
/// # Errors
///
/// [`Refusal`].
pub(super) async fn at(
    connection: &Connection,
    stream: &str,
    seq: u64,
) -> Result<Option<Stored>, Refusal> {
    let payload = Bytes::from(json!({ "seq": seq }).to_string());
    let answer = connection
        .ask(direct(stream), HeaderMap::new(), payload, FETCH_LIMIT)
        .await?;
    match status(&answer) {
        None => Ok(Some(Stored::read(answer).ok_or(Refusal::Refused)?)),
        Some(404) => Ok(None),
        Some(_other) => Err(refused(&answer)),
    }
}

fn direct(stream: &str) -> String {
    format!("$JS.API.DIRECT.GET.{stream}")
}

fn status(answer: &Message) -> Option<u16> {
    answer.status.map(|status| status.as_u16())
}

fn is_404(answer: &Message) -> bool {
    status(answer) == Some(404)
}

fn counted(end: &Message, name: &'static str) -> u64 {
    let headers = end.headers.as_ref();
    headers
        .and_then(|headers| number(headers, name))
        .unwrap_or_default()
}

/// The messages, and what says that there are no more.
async fn fetch(
    connection: &Connection,
    stream: &str,
    request: &Value,
) -> Result<(Vec<Stored>, Message), Refusal> {
    let mut mailbox = connection.mailbox(FETCH_MESSAGES + 1);
    let payload = Bytes::from(request.to_string());
    let reply = mailbox.address().to_owned();
    let fetched = async {
        connection
            .send(direct(stream), Some(&reply), HeaderMap::new(), payload)
            .await?;
        collect(&mut mailbox).await
    };
    let fetched = time::timeout(FETCH_LIMIT, fetched).await;
    fetched.map_err(|_elapsed| Refusal::Unknown)?
}

async fn collect(mailbox: &mut Mailbox) -> Result<(Vec<Stored>, Message), Refusal> {
    let mut messages = Vec::new();
    loop {
        let answer = mailbox.next().await.ok_or(Refusal::Unknown)?;
        match status(&answer) {
            None => messages.push(Stored::read(answer).ok_or(Refusal::Refused)?),
            Some(204 | 404) => return Ok((messages, answer)),
            Some(_other) => return Err(refused(&answer)),
        }
    }
}

fn refused(answer: &Message) -> Refusal {
    match status(answer) {
        Some(503) => Refusal::Busy,
        status => {
            let description = answer.description.as_deref();
            tracing::error!(status, description, "JetStream reads nothing");
            Refusal::Refused
        }
    }
}
