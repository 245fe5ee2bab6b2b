//! Watches: what is there, page by page, then what changes.

use super::{
    commit::Changed,
    kv,
    schema::{META, META_REVISION},
    store::{ReadError, Shared},
};
use crate::{
    feed::{Bound, Fed, Feed, Reader},
    kv::{Change, Record, Watch},
};
use async_trait::async_trait;
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Most changes that wait for one watch; one that is further behind reads everything again.
const WATCH_CHANGES: usize = 8_192;

/// Most bytes that wait for one watch.
const WATCH_BYTES: usize = 16 * 1024 * 1024;

/// Records read at once of what is there.
const PAGE_RECORDS: usize = 256;

/// Between two tries to read while the file is opened again.
const READ_PAUSE: Duration = Duration::from_millis(250);

/// The writer's side of a watch.
pub(super) struct Watched {
    bucket: String,
    prefix: String,
    feed: Feed<Changed>,
}

impl Watched {
    pub(super) fn lag(&self) {
        self.feed.lag();
    }

    pub(super) fn push(&self, changes: &[Changed]) {
        let mine = |changed: &&Changed| {
            changed.bucket == self.bucket && changed.key.starts_with(&self.prefix)
        };
        self.feed
            .push(changes.iter().filter(mine).cloned().map(|changed| {
                let value_bytes = changed
                    .record
                    .as_ref()
                    .map_or(0, |record| record.value.len());
                let bytes = changed.key.len() + value_bytes;
                (changed, bytes)
            }));
    }
}

impl Reader for Watched {
    fn close(&self) {
        self.feed.close();
    }
}

/// The reader's side.
pub(super) struct LocalWatch {
    shared: Arc<Shared>,
    watched: Arc<Watched>,
    stage: Stage,
    ready: VecDeque<Change>,
    /// What was read, so that a change that was already in it is not told again.
    pages: Vec<PageRead>,
}

enum Stage {
    /// What is there after this key comes next.
    Reading {
        after: Option<String>,
    },
    Following,
}

struct PageRead {
    /// The page goes up to this key; `None`: to the end.
    last_key: Option<String>,
    /// Everything up to this revision is in it.
    revision: u64,
}

impl LocalWatch {
    /// `None` once the store has ended.
    pub(super) fn open(shared: Arc<Shared>, bucket: &str, prefix: &str) -> Option<Self> {
        let watched = Arc::new(Watched {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            feed: Feed::new(Bound {
                items: WATCH_CHANGES,
                bytes: WATCH_BYTES,
            }),
        });
        shared.watches.add(Arc::downgrade(&watched)).then(|| Self {
            shared,
            watched,
            stage: Stage::Reading { after: None },
            ready: VecDeque::new(),
            pages: Vec::new(),
        })
    }

    async fn read(&self, after: Option<String>) -> Result<(Vec<Record>, u64), ReadError> {
        let now_ms = self.shared.clock.now_ms();
        let watched = Arc::clone(&self.watched);
        let page = self.shared.read_many(move |reading| {
            let meta = reading.open_table(META)?;
            let revision = meta.get(META_REVISION)?.map_or(0, |found| found.value());
            let (bucket, prefix) = (&watched.bucket, &watched.prefix);
            let records = kv::scan(
                reading,
                bucket,
                prefix,
                after.as_deref(),
                PAGE_RECORDS,
                now_ms,
            )?;
            Ok((records, revision))
        });
        page.await
    }

    fn add_page(&mut self, records: Vec<Record>, revision: u64) {
        let is_last = records.len() < PAGE_RECORDS;
        let last_key = match records.last() {
            Some(record) if !is_last => Some(record.key.clone()),
            _ => None,
        };
        self.pages.push(PageRead {
            last_key: last_key.clone(),
            revision,
        });
        self.ready.extend(records.into_iter().map(Change::Put));
        if is_last {
            self.ready.push_back(Change::Settled);
            self.stage = Stage::Following;
        } else {
            self.stage = Stage::Reading { after: last_key };
        }
    }

    fn is_new(&mut self, changed: &Changed) -> bool {
        // Later pages know more, and changes come by revision: past the last page all that follow are new.
        if self
            .pages
            .last()
            .is_none_or(|page| page.revision < changed.revision)
        {
            self.pages.clear();
            return true;
        }
        let covers = |page: &&PageRead| {
            page.last_key
                .as_ref()
                .is_none_or(|last_key| changed.key <= *last_key)
        };
        self.pages
            .iter()
            .find(covers)
            .is_none_or(|page| page.revision < changed.revision)
    }
}

#[async_trait]
impl Watch for LocalWatch {
    async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(change);
            }
            if let Stage::Reading { after } = &self.stage {
                match self.read(after.clone()).await {
                    Ok((records, revision)) => self.add_page(records, revision),
                    Err(_any) if self.shared.has_ended() => return None,
                    Err(error) => {
                        if let ReadError::Engine(error) = error {
                            tracing::error!(%error, "the store failed to read for a watch");
                        }
                        tokio::time::sleep(READ_PAUSE).await;
                    }
                }
                continue;
            }
            match self.watched.feed.next().await? {
                Fed::Item(changed) if self.is_new(&changed) => {
                    return Some(match changed.record {
                        Some(record) => Change::Put(record),
                        None => Change::Gone(changed.key),
                    });
                }
                Fed::Item(_already_told) => {}
                Fed::Lagged => {
                    self.pages.clear();
                    self.stage = Stage::Reading { after: None };
                    return Some(Change::Resync);
                }
            }
        }
    }
}
