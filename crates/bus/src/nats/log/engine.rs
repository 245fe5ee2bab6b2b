//! The log's front: checks, routes to shards, answers.

use super::{
    commit::Committer,
    core::Core,
    due,
    end::End,
    history, read, remove, schedule,
    settings::LogSettings,
    snapshots::{SUBJECTS, Snapshots},
    streams::{self, LayoutError},
    subject::{self, SCHEDULES},
    tail,
    work::{Change, Wish, Work},
    writer::Writer,
};
use crate::{
    error::LogError,
    log::{
        Append, Appended, Head, Log, MANY, Page, Record, Slice, Tail, check_append, check_appends,
        check_id,
    },
    nats::{connection::Link, refusal::Refusal},
};
use async_trait::async_trait;
use fanfare_lifecycle::{Clock, Tasks};
use fanfare_proto::{Channel, Position};
use futures_util::future::try_join_all;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::oneshot;

pub(in crate::nats) struct NatsLog {
    pub(super) core: Arc<Core>,
    pub(super) shards: Arc<[Shard]>,
    pub(super) schedules: Snapshots,
    tasks: Tasks,
    _link: Arc<Link>,
}

/// What a shard has in this process.
#[derive(Clone)]
pub(super) struct Shard {
    pub(super) writer: Writer,
    pub(super) snapshots: Snapshots,
    epoch: u32,
}

impl NatsLog {
    /// Makes the streams with so many `replicas`, or checks those that are there. Without a number none are made, and what
    /// is scheduled is left to others.
    pub(in crate::nats) async fn open(
        link: Arc<Link>,
        settings: LogSettings,
        replicas: Option<usize>,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Self, LayoutError> {
        let core = Core::new(link.ctl.clone(), link.live.clone(), settings, clock);
        let core = Arc::new(core.map_err(|_no_randomness| LayoutError::Unavailable)?);
        let epochs = streams::open(&core.ctl, &settings, replicas).await?;
        let shards = (0..).zip(epochs).map(|(shard, epoch)| {
            let (stream, fence) = (subject::stream(shard), subject::fence(shard, &core.process));
            let snapshots = Snapshots::start(&core, stream, fence, tasks);
            let committer = Committer {
                core: Arc::clone(&core),
                shard,
                snapshots: snapshots.clone(),
            };
            Shard {
                writer: Writer::start(committer, tasks),
                snapshots,
                epoch,
            }
        });
        let shards: Arc<[Shard]> = shards.collect();
        if replicas.is_some() {
            due::start(Arc::clone(&core), Arc::clone(&shards), tasks);
        }
        let fence = subject::schedule_fence(&core.process);
        Ok(Self {
            schedules: Snapshots::start(&core, SCHEDULES.to_owned(), fence, tasks),
            core,
            shards,
            tasks: tasks.clone(),
            _link: link,
        })
    }

    pub(super) fn of(&self, channel: &Channel) -> &Shard {
        &self.shards[usize::from(self.shard(channel))]
    }

    /// Where `channels`, of any shards, end; in their order, and those of a shard as of one moment, up to 999.
    pub(super) async fn ends(&self, channels: &[Channel]) -> Result<Vec<End>, Refusal> {
        let mut of_shards: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (index, channel) in channels.iter().enumerate() {
            of_shards
                .entry(self.shard(channel))
                .or_default()
                .push(index);
        }
        let asked = of_shards.iter().flat_map(|(shard, indexes)| {
            indexes
                .chunks(SUBJECTS)
                .map(|some| self.some_ends(*shard, channels, some))
        });
        let mut ends = vec![End::default(); channels.len()];
        for (index, end) in try_join_all(asked).await?.into_iter().flatten() {
            ends[index] = end;
        }
        Ok(ends)
    }

    async fn some_ends(
        &self,
        shard: u16,
        channels: &[Channel],
        indexes: &[usize],
    ) -> Result<Vec<(usize, End)>, Refusal> {
        let subjects = indexes
            .iter()
            .map(|index| subject::log(shard, &channels[*index]))
            .collect();
        let snapshots = &self.shards[usize::from(shard)].snapshots;
        let found = snapshots.take(subjects).await?;
        let kept_from_ms = self.core.kept_from_ms();
        let ends = found.iter().map(|tip| match tip {
            None => Ok(End::default()),
            Some(tip) => End::read(tip, kept_from_ms).ok_or_else(|| {
                let (subject, seq) = (&tip.subject, tip.seq);
                tracing::error!(subject, seq, "the end of a channel cannot be read");
                Refusal::Refused
            }),
        });
        indexes
            .iter()
            .zip(ends)
            .map(|(index, end)| Ok((*index, end?)))
            .collect()
    }

    /// Makes a change to `channel`; the sequence of its mark, or `None` as [`Work::Mark`] says.
    pub(super) async fn mark(
        &self,
        channel: &Channel,
        change: Change,
    ) -> Result<Option<u64>, LogError> {
        let (answer, answered) = oneshot::channel();
        let channel = channel.clone();
        let writer = &self.of(&channel).writer;
        writer
            .give(Work::Mark {
                channel,
                change,
                answer,
            })
            .await;
        answered.await.map_err(|_dropped| LogError::Unavailable)?
    }
}

/// Appends `wishes`, all of `shard`.
pub(super) async fn append(shard: &Shard, wishes: Vec<Wish>) -> Result<Vec<Appended>, LogError> {
    let (answer, answered) = oneshot::channel();
    shard.writer.give(Work::Append { wishes, answer }).await;
    answered.await.map_err(|_dropped| LogError::Unavailable)?
}

#[async_trait]
impl Log for NatsLog {
    async fn append(&self, append: Append) -> Result<Appended, LogError> {
        let appended = self.append_all(vec![append]).await?;
        appended.first().copied().ok_or(LogError::Store)
    }

    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        check_appends(&appends)?;
        let Some(shard) = appends.first().map(|append| self.shard(&append.channel)) else {
            return Ok(Vec::new());
        };
        if appends
            .iter()
            .any(|append| self.shard(&append.channel) != shard)
        {
            tracing::error!("a batch for several shards was refused");
            return Err(LogError::Store);
        }
        let wishes = appends.into_iter().map(|append| {
            let claim = append
                .msg_id
                .as_ref()
                .map(|id| subject::msg_id_claim(shard, &append.channel, id));
            Wish {
                claims: claim.into_iter().collect(),
                append,
            }
        });
        append(&self.shards[usize::from(shard)], wishes.collect()).await
    }

    fn shard(&self, channel: &Channel) -> u16 {
        subject::shard(channel, self.core.settings.shards)
    }

    fn epoch(&self, channel: &Channel) -> u32 {
        self.of(channel).epoch
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        if channels.len() > MANY {
            return Err(LogError::TooLarge);
        }
        let ends = self.ends(channels).await?;
        let kept_records = self.core.settings.retention_records;
        Ok(ends.iter().map(|end| end.head(kept_records)).collect())
    }

    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError> {
        read::read(self, channel, after, upto, limit.clamp(1, MANY)).await
    }

    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError> {
        history::page(self, channel, slice, limit.clamp(1, MANY)).await
    }

    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError> {
        history::get(self, channel, n).await
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        tail::open(&self.core, &self.tasks).await
    }

    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError> {
        check_append(&append)?;
        check_id(key)?;
        schedule::schedule(self, at_ms, key, append).await
    }

    async fn cancel(&self, key: &str) -> Result<bool, LogError> {
        schedule::cancel(self, key).await
    }

    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError> {
        remove::delete(self, channel, n).await
    }

    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError> {
        remove::trim(self, channel, first_n).await
    }
}
