//! [`Kv`] on JetStream: a stream for each bucket, with one message a key.
//!
//! A revision is a sequence of the stream. Reads are as fresh as the stream's leader; one that was cut off and does not
//! know it yet may answer for some seconds with what it had. Writes never go by it: what they expect is checked by the
//! quorum.

mod bucket;
mod consumer;
mod key;
mod plan;
mod read;
mod watch;

use super::{
    connection::Link,
    publish::{self, Post},
    refusal::Refusal,
};
use crate::{
    error::KvError,
    kv::{
        Expect, Kv, MANY, Op, Record, Watch, check_bucket, check_key, check_ops, check_prefix,
        check_value,
    },
};
use async_trait::async_trait;
use bucket::{Bucket, expecting};
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::OnceCell, time};

/// How often a write is decided anew because somebody else came first. Each time somebody else has succeeded.
const CONTENDED_TRIES: usize = 16;

/// How often a stream is asked again that cannot take anything just now.
const BUSY_TRIES: usize = 20;

/// Between two such tries. Together they are a second; an election takes longer, and is told to the caller.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct NatsKv {
    link: Arc<Link>,
    tasks: Tasks,
    replicas: usize,
    /// Filled for buckets whose stream is there. A process has a handful.
    buckets: Mutex<HashMap<String, Arc<OnceCell<Bucket>>>>,
}

impl NatsKv {
    pub(super) fn new(link: Arc<Link>, replicas: usize, tasks: &Tasks) -> Self {
        Self {
            link,
            tasks: tasks.clone(),
            replicas,
            buckets: Mutex::default(),
        }
    }

    /// The bucket, made when it is not there.
    async fn bucket(&self, name: &str) -> Result<Bucket, KvError> {
        check_bucket(name)?;
        let cell = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            match buckets.get(name) {
                Some(cell) => Arc::clone(cell),
                None => Arc::clone(buckets.entry(name.to_owned()).or_default()),
            }
        };
        let made = cell.get_or_try_init(|| async {
            let bucket = Bucket::new(name);
            bucket.make(&self.link.ctl, self.replicas).await?;
            Ok::<_, KvError>(bucket)
        });
        made.await.cloned()
    }

    /// Stores `posts`, all or none; the sequence of the last.
    async fn store(&self, posts: Vec<Post>) -> Result<u64, Refusal> {
        let ctl = &self.link.ctl;
        for _ in 0..BUSY_TRIES {
            let stored = match posts.as_slice() {
                [post] => publish::publish(ctl, post.clone()).await,
                posts => publish::publish_all(ctl, posts.to_vec()).await,
            };
            match stored {
                Err(Refusal::Busy) if ctl.is_connected() => time::sleep(BUSY_PAUSE).await,
                stored => return stored,
            }
        }
        Err(Refusal::Busy)
    }

    /// Writes a record where there is none.
    async fn create(&self, bucket: &Bucket, key: &str, post: Post) -> Result<u64, KvError> {
        let mut last_seq = 0;
        for _ in 0..CONTENDED_TRIES {
            match self.store(vec![expecting(post.clone(), last_seq)]).await {
                Err(Refusal::Conflict) => {}
                stored => return Ok(stored?),
            }
            let current = read::one(&self.link.ctl, bucket, key).await?;
            if current.record.is_some() {
                return Err(KvError::Conflict);
            }
            last_seq = current.seq;
        }
        Err(KvError::Unavailable)
    }

    /// Stores what `ops` come to.
    async fn write(&self, bucket: &Bucket, ops: &[Op]) -> Result<(), KvError> {
        let keys = plan::keys_to_read(ops);
        for _ in 0..CONTENDED_TRIES {
            let found = match keys.as_slice() {
                [] => HashMap::new(),
                [key] => {
                    let current = read::one(&self.link.ctl, bucket, key).await?;
                    HashMap::from([(key.clone(), current)])
                }
                keys => read::some(&self.link.ctl, bucket, keys).await?,
            };
            let posts = plan::plan(bucket, ops, &found)?;
            if posts.is_empty() {
                return Ok(());
            }
            match self.store(posts).await {
                Err(Refusal::Conflict) => {}
                stored => return stored.map(drop).map_err(KvError::from),
            }
        }
        Err(KvError::Unavailable)
    }
}

#[async_trait]
impl Kv for NatsKv {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Record>, KvError> {
        check_key(key)?;
        let bucket = self.bucket(bucket).await?;
        Ok(read::one(&self.link.ctl, &bucket, key).await?.record)
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expect: Expect,
        ttl_ms: Option<u64>,
    ) -> Result<u64, KvError> {
        check_key(key)?;
        check_value(&value)?;
        let bucket = self.bucket(bucket).await?;
        let post = bucket.put(key, value, ttl_ms);
        match expect {
            Expect::Any => Ok(self.store(vec![post]).await?),
            Expect::Absent => self.create(&bucket, key, post).await,
            // No record has this revision, but it stands for an empty subject.
            Expect::Revision(0) => Err(KvError::Conflict),
            Expect::Revision(revision) => Ok(self.store(vec![expecting(post, revision)]).await?),
        }
    }

    async fn delete(&self, bucket: &str, key: &str, expect: Expect) -> Result<(), KvError> {
        check_key(key)?;
        let bucket = self.bucket(bucket).await?;
        let key = key.to_owned();
        self.write(&bucket, &[Op::Delete { key, expect }]).await
    }

    async fn batch(&self, bucket: &str, ops: Vec<Op>) -> Result<(), KvError> {
        check_ops(&ops)?;
        let bucket = self.bucket(bucket).await?;
        self.write(&bucket, &ops).await
    }

    async fn scan(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Record>, KvError> {
        check_prefix(prefix)?;
        let bucket = self.bucket(bucket).await?;
        let limit = limit.clamp(1, MANY);
        let ctl = &self.link.ctl;
        let (keys, reach_seq) = read::keys(ctl, &bucket, prefix, after).await?;
        read::first(ctl, &bucket, &keys, reach_seq, limit).await
    }

    async fn watch(&self, bucket: &str, prefix: &str) -> Result<Box<dyn Watch>, KvError> {
        check_prefix(prefix)?;
        let bucket = self.bucket(bucket).await?;
        let watch = watch::open(&self.link.live, bucket, prefix, &self.tasks).await?;
        Ok(Box::new(watch))
    }
}
