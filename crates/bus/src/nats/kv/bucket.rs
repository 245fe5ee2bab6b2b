//! One bucket: a stream with one message a key.

use super::key;
use crate::{
    error::KvError,
    kv::Record,
    nats::{
        connection::Connection,
        header,
        publish::{self, Post},
        refusal::Refusal,
        stored::{self, Stored},
        stream,
    },
};
use async_nats::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time;

/// How long it is remembered that a record was removed or has expired: for watches that are behind. One that is away for
/// longer begins anew anyway.
const MARKER_SECONDS: u64 = 3_600;

/// Tries to write to a stream that was just made, the longest that one may take, and the time between two: five seconds
/// at least, and half a minute at most. An election takes up to nine.
const FIRST_TRIES: u32 = 50;
const FIRST_TRY: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What servers write when a record expires, and what is written here when one is removed.
const REMOVED: &str = "Remove";

/// Names and messages of one bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    name: String,
    stream: String,
}

impl Bucket {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            // Not `KV_`: what NATS itself calls a bucket has other subjects.
            stream: format!("RECORDS_{name}"),
        }
    }

    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    pub(super) fn subject(&self, key: &str) -> String {
        format!("kv.{}.{}", self.name, key::encode(key))
    }

    /// For everything that begins with `prefix`, and some more.
    pub(super) fn filter(&self, prefix: &str) -> String {
        format!("kv.{}.{}", self.name, key::filter(prefix))
    }

    /// Under which a message stands that is no record: what comes before it in the stream was there when it was written.
    pub(super) fn fence_subject(&self) -> String {
        format!("kvf.{}", self.name)
    }

    pub(super) fn key(&self, subject: &str) -> Option<String> {
        let key = subject.strip_prefix("kv.")?.strip_prefix(&*self.name)?;
        key::decode(key.strip_prefix('.')?)
    }

    /// The record in `stored`, unless it says that there is none any more.
    pub(super) fn record(&self, stored: Stored) -> Option<Record> {
        if is_marker(&stored.headers) || stored::is_copy(&stored.headers, 1) {
            return None;
        }
        Some(Record {
            key: self.key(&stored.subject)?,
            value: stored.payload,
            revision: stored.seq,
        })
    }

    /// A message that makes `key` a record.
    pub(super) fn put(&self, key: &str, value: Bytes, ttl_ms: Option<u64>) -> Post {
        let mut headers = HeaderMap::new();
        if let Some(ttl_ms) = ttl_ms {
            headers.insert(header::TTL, seconds(ttl_ms.div_ceil(1_000).max(1)));
        }
        Post {
            subject: self.subject(key),
            headers,
            payload: value,
        }
    }

    /// A message that makes `key` no record.
    pub(super) fn remove(&self, key: &str) -> Post {
        let mut headers = HeaderMap::new();
        headers.insert(header::MARKER_REASON, REMOVED);
        headers.insert(header::TTL, seconds(MARKER_SECONDS));
        Post {
            subject: self.subject(key),
            headers,
            payload: Bytes::new(),
        }
    }

    /// Writes the fence; its sequence.
    pub(super) async fn fence(&self, connection: &Connection) -> Result<u64, Refusal> {
        let post = Post {
            subject: self.fence_subject(),
            headers: HeaderMap::new(),
            payload: Bytes::new(),
        };
        publish::publish(connection, post).await
    }

    /// Makes the stream with so many `replicas` unless it is there, and its first fence. Without a number it must be there.
    pub(super) async fn make(
        &self,
        connection: &Connection,
        replicas: Option<usize>,
    ) -> Result<(), KvError> {
        let found = match stream::find(connection, &self.stream).await {
            Err(Refusal::NotFound) => {
                // Who makes it will have made it when this is asked again.
                let replicas = replicas.ok_or(KvError::Unavailable)?;
                stream::make(connection, &self.stream, &self.config(replicas)).await?
            }
            found => found?,
        };
        let config = &found["config"];
        let is_usable = config["max_msgs_per_subject"] == 1
            && ["allow_direct", "allow_atomic", "allow_msg_ttl"]
                .iter()
                .all(|needed| config[needed] == true);
        if !is_usable {
            tracing::error!(
                stream = self.stream,
                "the stream cannot be used: it was made by somebody else, or changed"
            );
            return Err(KvError::Store);
        }
        self.first_fence(connection).await?;
        Ok(())
    }

    /// Writes a fence to a stream that may have been made a moment ago: the servers of a cluster have not told each other
    /// of it then, and what one of them has no taker for is dropped without a word.
    async fn first_fence(&self, connection: &Connection) -> Result<u64, Refusal> {
        for _ in 0..FIRST_TRIES {
            match time::timeout(FIRST_TRY, self.fence(connection)).await {
                Ok(Err(Refusal::Busy)) if connection.is_connected() => {
                    time::sleep(FIRST_PAUSE).await;
                }
                Ok(fenced) => return fenced,
                // A fence may stand there twice.
                Err(_elapsed) => {}
            }
        }
        Err(Refusal::Busy)
    }

    fn config(&self, replicas: usize) -> Value {
        json!({
            "name": self.stream,
            "description": "Fanfare: small records, one message a key",
            "subjects": [format!("kv.{}.>", self.name), self.fence_subject()],
            "storage": "file",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "discard": "old",
            "allow_direct": true,
            "allow_atomic": true,
            "allow_msg_ttl": true,
            "subject_delete_marker_ttl": MARKER_SECONDS * 1_000_000_000,
        })
    }
}

pub(super) fn is_marker(headers: &HeaderMap) -> bool {
    stored::text(headers, header::MARKER_REASON).is_some()
}

/// Lets `post` happen only while the subject's last message is `seq`; 0: none.
pub(super) fn expecting(mut post: Post, seq: u64) -> Post {
    let name = header::EXPECTED_LAST_SUBJECT_SEQUENCE;
    post.headers.insert(name, seq.to_string());
    post
}

fn seconds(count: u64) -> String {
    format!("{count}s")
}
