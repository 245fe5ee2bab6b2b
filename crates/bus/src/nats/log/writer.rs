//! The writer of a shard: decides what is done together, and when.
//!
//! A channel has at most one batch under way, so that the next one knows where it ends; what comes meanwhile waits and
//! goes together. A record that is alone on its channel and needs nothing beside it goes as a single message, which
//! costs a server least; everything else goes as atomic batches.

use super::{
    cache::Cache,
    commit::{Committed, Committer},
    core::TRY_FOR,
    work::{Job, Work},
};
use crate::{error::LogError, nats::publish::BATCH_MESSAGES};
use fanfare_lifecycle::Tasks;
use fanfare_proto::Channel;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};

/// Jobs that wait for the writer to look at them; those it has looked at wait below.
const QUEUE: usize = 1_024;

/// Jobs a writer has looked at that wait for their channels or for a place among the batches.
const PENDING: usize = 4_096;

/// Payload that waits or is under way in a shard, in KiB. A larger job waits until it is alone.
const PENDING_KIB: u32 = 32 * 1024;

/// Batches under way. Servers take 50 of one stream from all processes together; what is one too many is tried again.
const BATCHES: usize = 4;

/// Single messages under way: at a round trip of 3 ms this is no limit before the server's own is met.
const SINGLES: usize = 128;

/// Messages of a batch of several jobs: half of what servers allow, so that a batch never stands long before others.
const BATCH_POSTS: usize = BATCH_MESSAGES / 2;

/// Payload of a batch of several jobs.
const BATCH_BYTES: usize = 1024 * 1024;

/// Hands work to the writer of one shard. Clones share it; the writer ends with the last.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    share: Arc<Semaphore>,
}

impl Writer {
    pub(super) fn start(committer: Committer, tasks: &Tasks) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let ended = committer.core.ctl.ended();
        let desk = Desk {
            committer: Arc::new(committer),
            queue,
            pending: VecDeque::new(),
            busy: HashSet::new(),
            cache: Cache::default(),
            running: FuturesUnordered::new(),
            batches: 0,
            singles: 0,
        };
        tasks.spawn(async move {
            tokio::select! {
                () = desk.run() => {}
                () = ended.cancelled() => {}
            }
        });
        Self {
            jobs,
            share: Arc::new(Semaphore::new(PENDING_KIB as usize)),
        }
    }

    /// Queues `work`, waiting while too much waits already. It is answered through itself; dropped, it is unavailable.
    pub(super) async fn give(&self, work: Work) {
        let kib = u32::try_from(work.weight().1 / 1024).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.share).acquire_many_owned((kib + 1).min(PENDING_KIB));
        let Ok(share) = share.await else {
            return;
        };
        let job = Job {
            work,
            until: Instant::now() + TRY_FOR,
            _share: share,
        };
        // A writer that has ended drops it.
        let _ended = self.jobs.send(job).await;
    }
}

#[derive(Clone, Copy)]
enum Size {
    Single,
    Batch,
}

type Running = BoxFuture<'static, (Size, Committed)>;

struct Desk {
    committer: Arc<Committer>,
    queue: mpsc::Receiver<Job>,
    pending: VecDeque<Job>,
    busy: HashSet<Channel>,
    cache: Cache,
    running: FuturesUnordered<Running>,
    batches: usize,
    singles: usize,
}

impl Desk {
    /// Waits for new work and for what is under way, until there will be none.
    async fn run(mut self) {
        let mut is_open = true;
        while is_open || !self.running.is_empty() || !self.pending.is_empty() {
            let may_take = is_open && self.pending.len() < PENDING;
            tokio::select! {
                job = self.queue.recv(), if may_take => match job {
                    Some(job) => self.pending.push_back(job),
                    None => is_open = false,
                },
                Some((size, committed)) = self.running.next() => self.finish(size, committed),
                else => {}
            }
            while self.pending.len() < PENDING
                && let Ok(job) = self.queue.try_recv()
            {
                self.pending.push_back(job);
            }
            while let Some(Some((size, committed))) = self.running.next().now_or_never() {
                self.finish(size, committed);
            }
            self.begin();
        }
    }

    fn finish(&mut self, size: Size, committed: Committed) {
        match size {
            Size::Single => self.singles -= 1,
            Size::Batch => self.batches -= 1,
        }
        for channel in &committed.channels {
            self.busy.remove(channel);
        }
        for (channel, end) in committed.ends {
            self.cache.put(channel, end);
        }
    }

    /// Begins what can begin, each channel's work in the order it came.
    fn begin(&mut self) {
        let mut batch: Vec<Job> = Vec::new();
        let mut lone: HashMap<Channel, Job> = HashMap::new();
        let (mut posts, mut bytes) = (0, 0);
        let mut is_full = self.batches >= BATCHES;
        let mut blocked: HashSet<Channel> = HashSet::new();
        let mut taken: HashSet<Channel> = HashSet::new();
        let now = Instant::now();
        for job in std::mem::take(&mut self.pending) {
            if job.until <= now {
                job.work.refuse(LogError::Unavailable);
                continue;
            }
            let is_held =
                |channel: &Channel| self.busy.contains(channel) || blocked.contains(channel);
            let mut may_begin = !job.work.channels().any(is_held);
            if may_begin
                && let Some(channel) = job.work.lone_channel()
                && !taken.contains(channel)
                && self.singles + lone.len() < SINGLES
            {
                taken.insert(channel.clone());
                lone.insert(channel.clone(), job);
                continue;
            }
            let (job_posts, job_bytes) = job.work.weight();
            let fits = posts + job_posts <= BATCH_POSTS && bytes + job_bytes <= BATCH_BYTES;
            is_full |= !fits && !batch.is_empty();
            may_begin &= !is_full;
            if !may_begin {
                blocked.extend(job.work.channels().cloned());
                self.pending.push_back(job);
                continue;
            }
            for channel in job.work.channels() {
                // What came before on the same channel goes first in the same batch.
                if let Some(earlier) = lone.remove(channel) {
                    batch.push(earlier);
                }
                taken.insert(channel.clone());
            }
            (posts, bytes) = (posts + job_posts, bytes + job_bytes);
            batch.push(job);
        }
        for job in lone.into_values() {
            self.start(Size::Single, vec![job]);
        }
        if !batch.is_empty() {
            self.start(Size::Batch, batch);
        }
    }

    fn start(&mut self, size: Size, jobs: Vec<Job>) {
        match size {
            Size::Single => self.singles += 1,
            Size::Batch => self.batches += 1,
        }
        let mut ends = HashMap::new();
        for channel in jobs.iter().flat_map(|job| job.work.channels()) {
            if self.busy.insert(channel.clone())
                && let Some(end) = self.cache.take(channel)
            {
                ends.insert(channel.clone(), end);
            }
        }
        let committer = Arc::clone(&self.committer);
        let running = async move { (size, committer.commit(jobs, ends).await) };
        self.running.push(running.boxed());
    }
}
