//! One reader's place in a bucket's stream: what is last under each key, then what comes. Kept by the server.

use super::bucket::Bucket;
use crate::nats::{api, connection::Connection, refusal::Refusal};
use async_nats::{HeaderMap, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time;

/// Messages asked for at once: they wait here when the reader is slow. At 4 MiB it is fewer.
const PULLED: usize = 256;

const PULLED_BYTES: usize = 4 * 1024 * 1024;

/// How long the server keeps an unanswered question.
const PULL_EXPIRES: Duration = Duration::from_secs(30);

/// How often the server says that there is nothing, meanwhile.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Without a word for so long, the server or the consumer is gone.
const SILENCE: Duration = Duration::from_secs(12);

/// The server forgets a reader that asks for nothing for so long: it has crashed, or has not taken a page of changes.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);

/// What a reader gets.
pub(super) struct Delivered {
    pub(super) seq: u64,
    pub(super) message: Message,
}

/// Something is missing, or may be: begin anew.
#[derive(Debug)]
pub(super) struct Broken;

pub(super) struct Consumer {
    connection: Connection,
    /// `<stream>.<name>`.
    place: String,
    /// What comes keeps the subject it is stored under, so a mailbox would not know it.
    answers: Subscriber,
    inbox: String,
    /// How often it was asked, and how many messages may come of the last time.
    asked: u64,
    left: usize,
    /// How many came.
    count: u64,
}

impl Consumer {
    /// Everything on `filters`: what is last on each subject, in the order it was written, then what comes.
    pub(super) async fn make(
        connection: &Connection,
        bucket: &Bucket,
        filters: &[String],
    ) -> Result<Self, Refusal> {
        let stream = bucket.stream();
        let request = json!({
            "stream_name": stream,
            "config": {
                "deliver_policy": "last_per_subject",
                "filter_subjects": filters,
                "ack_policy": "none",
                "replay_policy": "instant",
                "num_replicas": 1,
                "mem_storage": true,
                "inactive_threshold": nanoseconds(FORGOTTEN_AFTER),
            },
        });
        let inbox = connection.client().new_inbox();
        let answers = connection.client().subscribe(format!("{inbox}.*")).await;
        let answers = answers.map_err(|_ended| Refusal::Busy)?;
        let made = api::call(connection, &format!("CONSUMER.CREATE.{stream}"), &request).await?;
        let name = made["name"].as_str().ok_or(Refusal::Refused)?;
        Ok(Self {
            connection: connection.clone(),
            place: format!("{stream}.{name}"),
            answers,
            inbox,
            asked: 0,
            left: 0,
            count: 0,
        })
    }

    /// The next message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped call has taken nothing.
    ///
    /// # Errors
    ///
    /// [`Broken`].
    pub(super) async fn next(&mut self) -> Result<Delivered, Broken> {
        loop {
            if self.left == 0 {
                self.ask().await?;
            }
            let heard = time::timeout(SILENCE, self.answers.next()).await;
            let Ok(Some(message)) = heard else {
                return Err(Broken);
            };
            let Some(status) = message.status.map(|status| status.as_u16()) else {
                self.left = self.left.saturating_sub(1);
                self.count += 1;
                return delivered(message, self.count);
            };
            // What is said of an earlier question is no news.
            if *message.subject != *self.address() {
                continue;
            }
            match status {
                // Nothing, for now.
                100 => {}
                // The time is over, or the bytes are: neither is the consumer's end.
                404 | 408 => self.left = 0,
                409 if is_full(&message) => self.left = 0,
                _other => return Err(Broken),
            }
        }
    }

    fn address(&self) -> String {
        format!("{}.{}", self.inbox, self.asked)
    }

    async fn ask(&mut self) -> Result<(), Broken> {
        let request = json!({
            "batch": PULLED,
            "max_bytes": PULLED_BYTES,
            "expires": nanoseconds(PULL_EXPIRES),
            "idle_heartbeat": nanoseconds(HEARTBEAT),
        });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}", self.place);
        let payload = Bytes::from(request.to_string());
        self.asked += 1;
        let address = self.address();
        let sent = self
            .connection
            .send(subject, Some(&address), HeaderMap::new(), payload);
        sent.await.map_err(|_away| Broken)?;
        self.left = PULLED;
        Ok(())
    }

    /// Lets the server forget it. It would do so by itself, later.
    pub(super) async fn remove(self) {
        let operation = format!("CONSUMER.DELETE.{}", self.place);
        let _gone = api::call(&self.connection, &operation, &Value::Null).await;
    }
}

fn is_full(message: &Message) -> bool {
    let description = message.description.as_deref().unwrap_or_default();
    description.contains("MaxBytes") || description.contains("Batch Completed")
}

/// Checks that `message` is the consumer's number `count`: nothing before it was lost.
fn delivered(message: Message, count: u64) -> Result<Delivered, Broken> {
    let place = message.reply.as_ref().and_then(|reply| place(reply));
    let (seq, number) = place.ok_or(Broken)?;
    if number != count {
        return Err(Broken);
    }
    Ok(Delivered { seq, message })
}

/// Sequence in the stream and number in the consumer, from the subject that acknowledgements would go to:
/// `$JS.ACK.<stream>.<consumer>.<deliveries>.<seq>.<number>.<time>.<pending>`, with domain and account before the stream
/// and more at the end in newer servers.
fn place(reply: &str) -> Option<(u64, u64)> {
    let tokens: Vec<&str> = reply.split('.').collect();
    let first = if tokens.len() == 9 { 5 } else { 7 };
    let number = |index: usize| tokens.get(index)?.parse().ok();
    Some((number(first)?, number(first + 1)?))
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_secs() * 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_place_are_read() {
        let short = "$JS.ACK.kv-b.x.1.70.3.1732484195.0";
        let long = "$JS.ACK._.hash.kv-b.x.1.70.3.1732484195.0.random";
        assert_eq!(place(short), Some((70, 3)));
        assert_eq!(place(long), Some((70, 3)));
        assert_eq!(place("$JS.ACK.kv-b"), None);
    }
}
