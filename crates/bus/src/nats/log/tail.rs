//! The live reader: what the streams republish once it is stored.

use super::{
    core::{Core, Patience, is_passing},
    snapshots::append_fence,
    subject, walk,
};
use crate::{
    error::LogError,
    feed::{FedReader, Feed},
    log::{Record, TAIL, Tail},
    nats::{refusal::Refusal, stored::Stored},
};
use async_nats::{Message, Subscriber};
use fanfare_lifecycle::Tasks;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, try_join_all},
    stream::FuturesUnordered,
};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Messages that are handed on before anything else is looked at.
const AT_ONCE: usize = 256;

/// Told when a stream has got another leader, which may not have republished what the one before it stored.
const LEADERS: &str = "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED";

/// Opens a reader of every shard.
///
/// An append to each stream, sent behind the subscription on the same connection, is what makes sure: once it is
/// answered, the leader knows of the subscription. Neither a round trip to the own server nor a question to the leader
/// does that.
pub(super) async fn open(core: &Arc<Core>, tasks: &Tasks) -> Result<Box<dyn Tail>, LogError> {
    let client = core.live.client();
    let lapses = core.live.lapses();
    let away = |_error| LogError::Unavailable;
    let records = client.subscribe("live.>").await.map_err(away)?;
    let leaders = client.subscribe(format!("{LEADERS}.*")).await;
    let feed = Arc::new(Feed::new(TAIL));
    let left = CancellationToken::new();
    let reader = Reader {
        core: Arc::clone(core),
        feed: Arc::clone(&feed),
        records,
        leaders: leaders.map_err(away)?,
        lapses,
        fences: FuturesUnordered::new(),
    };
    let tail = FedReader {
        feed: Arc::clone(&feed),
        _leaves: left.clone().drop_guard(),
    };
    let ended = core.live.ended();
    tasks.spawn(async move {
        tokio::select! {
            () = reader.run() => {}
            () = ended.cancelled() => {}
            () = left.cancelled() => {}
        }
        feed.close();
    });
    let shards = 0..core.settings.shards;
    try_join_all(shards.map(|shard| reach(core, shard)))
        .await
        .map_err(|_refusal| LogError::Unavailable)?;
    Ok(Box::new(tail))
}

/// Makes sure that the leader of `shard` knows the subscriptions of the live connection.
async fn reach(core: &Core, shard: u16) -> Result<(), Refusal> {
    let fence = subject::fence(shard, &core.process);
    let mut patience = Patience::new();
    loop {
        match append_fence(&core.live, &fence).await {
            Ok(_seq) => return Ok(()),
            Err(refusal) if is_passing(refusal) && patience.pause().await => {}
            Err(refusal) => return Err(refusal),
        }
    }
}

struct Reader {
    core: Arc<Core>,
    feed: Arc<Feed<Record>>,
    records: Subscriber,
    leaders: Subscriber,
    lapses: watch::Receiver<u64>,
    /// Under way; when one is done, what was missed until then is stored, and the reader may go and look.
    fences: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Reader {
    /// Until the connection ends.
    async fn run(mut self) {
        loop {
            tokio::select! {
                record = self.records.next() => match record {
                    Some(record) => self.pass(record),
                    None => return,
                },
                Some(news) = self.leaders.next() => self.fence(shard_of(&news)),
                Ok(()) = self.lapses.changed() => self.fence_all(),
                Some(()) = self.fences.next() => self.feed.lag(),
            }
        }
    }

    /// Hands on `first` and what waits behind it.
    fn pass(&mut self, first: Message) {
        let mut records = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            records.extend(record(message));
            next = match records.len() {
                AT_ONCE.. => None,
                _fewer => self.records.next().now_or_never().flatten(),
            };
        }
        self.feed.push(records.into_iter().map(|record| {
            let bytes = record.payload.len();
            (record, bytes)
        }));
    }

    fn fence(&mut self, shard: Option<u16>) {
        let shards = self.core.settings.shards;
        let Some(shard) = shard.filter(|shard| *shard < shards) else {
            return;
        };
        let core = Arc::clone(&self.core);
        // Without an answer the stream is away, and there is no news to miss; the next leader is told of again.
        let reached = async move {
            let _reached = reach(&core, shard).await;
        };
        self.fences.push(reached.boxed());
    }

    fn fence_all(&mut self) {
        let core = Arc::clone(&self.core);
        let reached = async move {
            let shards = 0..core.settings.shards;
            let _reached = try_join_all(shards.map(|shard| reach(&core, shard))).await;
        };
        self.fences.push(reached.boxed());
    }
}

fn record(message: Message) -> Option<Record> {
    let (_shard, channel) = subject::channel(&message.subject)?;
    let kept_as = message.subject.strip_prefix("live.")?.to_owned();
    let stored = Stored::read(message)?;
    // What a stream republishes is kept under the same name. An answer that somebody had sent here is not.
    let is_ours = stored.subject.strip_prefix("log.") == Some(&*kept_as);
    is_ours.then(|| walk::record(channel, stored)).flatten()
}

fn shard_of(news: &Message) -> Option<u16> {
    let stream = news.subject.strip_prefix(LEADERS)?.strip_prefix(".LOG_")?;
    stream.parse().ok()
}
