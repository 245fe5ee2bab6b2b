//! The node's one reader of the log: which channels are active here, where each of them stands, and what the live path
//! has lost.
//!
//! The live path is lossy by contract. A record whose predecessor is not the last one delivered shows a gap, which is
//! read from the log before anything after it is delivered; a lost *last* record is found by comparing heads, when the
//! tail says that it lagged and from time to time.

use crate::{
    channel::{Active, Phase},
    delivery::Delivery,
    metrics::Figures,
    outbox::Class,
    replay,
    shard::{Input, Key, ShardHandle},
};
use fanfare_bus::{
    Bus, Log, LogError, Subscription, Tail,
    bus::Received,
    log::{Head, Record, Tailed},
};
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{Channel, Position, subject, wire::Event};
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, mpsc, oneshot};

/// Requests that wait for the hub. A connection waits when it is full.
const REQUESTS: usize = 1_024;

/// Channels whose heads are compared in one request; the log takes no more.
const HEADS: usize = 1_000;

/// Records taken from the tail before anything else gets a turn.
const BURST: usize = 256;

/// How far each shard has written a channel.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) channel: Channel,
    written_n: Box<[AtomicU64]>,
}

impl Progress {
    fn new(channel: Channel, shards: usize) -> Self {
        Self {
            channel,
            written_n: std::iter::repeat_with(AtomicU64::default)
                .take(shards)
                .collect(),
        }
    }

    pub(crate) fn set(&self, shard: usize, n: u64) {
        self.written_n[shard].fetch_max(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, shard: usize) -> u64 {
        self.written_n[shard].load(Ordering::Relaxed)
    }
}

/// A connection's reading of a channel. Ends by being dropped.
#[derive(Debug)]
pub(crate) struct Attachment {
    id: u32,
    pub(crate) progress: Arc<Progress>,
    pub(crate) shard: usize,
    key: Key,
    departures: Arc<Departures>,
}

impl Attachment {
    /// The channel's id among the shards.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut list = self
            .departures
            .list
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        list.push((self.progress.channel.clone(), self.id, self.shard, self.key));
        drop(list);
        self.departures.some.notify_one();
    }
}

/// Attachments that have ended. At most as many as there were attachments, so it needs no bound of its own.
#[derive(Debug, Default)]
struct Departures {
    list: Mutex<Vec<(Channel, u32, usize, Key)>>,
    some: Notify,
}

/// An attachment, and where the channel stood when it began: what lies before must be replayed, what comes after is
/// held for it until it says [`Input::GoLive`].
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) attachment: Attachment,
    pub(crate) head: Position,
}

#[derive(Debug)]
pub(crate) struct Request {
    channel: Channel,
    shard: usize,
    key: Key,
    reply: oneshot::Sender<Attached>,
}

/// Where connections ask the hub.
#[derive(Clone, Debug)]
pub(crate) struct HubHandle {
    requests: mpsc::Sender<Request>,
}

impl HubHandle {
    /// Attaches a connection to a channel; `None` when the node is ending. Waits for the log when the channel was not
    /// active here. Cancel safe: what was attached for a dropped call is detached.
    pub(crate) async fn attach(
        &self,
        channel: Channel,
        shard: usize,
        key: Key,
    ) -> Option<Attached> {
        let (reply, attached) = oneshot::channel();
        let request = Request {
            channel,
            shard,
            key,
            reply,
        };
        self.requests.send(request).await.ok()?;
        attached.await.ok()
    }
}

/// A channel as it was when a read for it began: by the time the read ends it may have been left and opened anew.
struct Place {
    channel: Channel,
    id: u32,
}

/// What a read in the background has found.
enum Found {
    Head(Place, Head),
    Missed(Place, Position, Result<Vec<Record>, LogError>),
    Heads(Vec<(Channel, Head)>),
}

pub(crate) struct Hub {
    log: Arc<dyn Log>,
    shards: Vec<ShardHandle>,
    clock: Clock,
    figures: Arc<Figures>,
    channels: HashMap<Channel, Active>,
    next_id: u32,
    departures: Arc<Departures>,
    reads: FuturesUnordered<BoxFuture<'static, Found>>,
}

/// What the hub listens to.
pub(crate) struct Sources {
    pub(crate) tail: Box<dyn Tail>,
    pub(crate) events: Box<dyn Subscription>,
    requests: mpsc::Receiver<Request>,
}

impl Hub {
    /// Opens the live path. What is appended after this resolves reaches every attachment.
    pub(crate) async fn open(
        log: Arc<dyn Log>,
        bus: &dyn Bus,
        shards: Vec<ShardHandle>,
        clock: Clock,
        figures: Arc<Figures>,
    ) -> Result<(Self, HubHandle, Sources), String> {
        let tail = log.tail().await.map_err(|error| error.to_string())?;
        let events = bus
            .subscribe(subject::EVENTS)
            .await
            .map_err(|error| error.to_string())?;
        let (requests, receiver) = mpsc::channel(REQUESTS);
        let hub = Self {
            log,
            shards,
            clock,
            figures,
            channels: HashMap::new(),
            next_id: 0,
            departures: Arc::default(),
            reads: FuturesUnordered::new(),
        };
        let sources = Sources {
            tail,
            events,
            requests: receiver,
        };
        Ok((hub, HubHandle { requests }, sources))
    }

    /// Works until the node's hard shutdown, or until the log or the bus has ended.
    pub(crate) async fn run(
        mut self,
        mut sources: Sources,
        audit_interval: Duration,
        shutdown: Shutdown,
    ) {
        let departures = Arc::clone(&self.departures);
        let mut audit = tokio::time::interval(audit_interval);
        audit.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                tailed = sources.tail.next() => {
                    let Some(tailed) = tailed else { return };
                    self.tailed(tailed).await;
                    for _ in 0..BURST {
                        let Some(tailed) = sources.tail.try_next() else { break };
                        self.tailed(tailed).await;
                    }
                }
                Some(request) = sources.requests.recv() => self.attach(request).await,
                () = departures.some.notified() => self.depart().await,
                Some(found) = self.reads.next() => self.found(found).await,
                event = sources.events.next() => {
                    let Some(event) = event else { return };
                    self.event(event).await;
                }
                _ = audit.tick() => self.audit(),
            }
        }
    }

    async fn attach(&mut self, request: Request) {
        let channel = request.channel.clone();
        if let Some(active) = self.channels.get_mut(&channel) {
            match &mut active.phase {
                Phase::Opening { waiting, .. } => waiting.push(request),
                Phase::Live | Phase::Repairing { .. } => self.welcome(&channel, request).await,
            }
            return;
        }
        self.next_id += 1;
        let progress = Progress::new(channel.clone(), self.shards.len());
        let mut active = Active::new(self.next_id, Arc::new(progress), self.shards.len());
        self.figures.channels.inc();
        if channel.is_stored() {
            active.phase = Phase::Opening {
                waiting: vec![request],
                buffered: Vec::new(),
            };
            let id = active.id;
            self.channels.insert(channel.clone(), active);
            self.open_channel(Place { channel, id });
        } else {
            self.channels.insert(channel.clone(), active);
            self.welcome(&channel, request).await;
        }
    }

    fn open_channel(&self, place: Place) {
        let log = Arc::clone(&self.log);
        self.reads.push(Box::pin(async move {
            let heads = heads(&*log, std::slice::from_ref(&place.channel)).await;
            let head = heads.first().copied().unwrap_or_default();
            Found::Head(place, head)
        }));
    }

    /// Adds a subscriber to a channel that is open.
    async fn welcome(&mut self, channel: &Channel, request: Request) {
        let Some(active) = self.channels.get_mut(channel) else {
            return;
        };
        active.subscribers[request.shard] += 1;
        let attached = Attached {
            attachment: Attachment {
                id: active.id,
                progress: Arc::clone(&active.progress),
                shard: request.shard,
                key: request.key,
                departures: Arc::clone(&self.departures),
            },
            head: active.have,
        };
        let input = Input::Attach(active.id, Arc::clone(&active.progress), request.key);
        self.shards[request.shard].tell(input).await;
        // A requester that has gone drops the attachment, which then departs.
        let _gone = request.reply.send(attached);
    }

    async fn depart(&mut self) {
        let departed = std::mem::take(
            &mut *self
                .departures
                .list
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for (channel, id, shard, key) in departed {
            self.shards[shard].tell(Input::Detach(id, key)).await;
            let Some(active) = self
                .channels
                .get_mut(&channel)
                .filter(|active| active.id == id)
            else {
                continue;
            };
            active.subscribers[shard] -= 1;
            if active.is_unread() {
                self.channels.remove(&channel);
                self.figures.channels.dec();
            }
        }
    }

    async fn tailed(&mut self, tailed: Tailed) {
        match tailed {
            Tailed::Record(record) => self.record(record).await,
            Tailed::Lagged => {
                self.figures.lagged.inc();
                self.audit();
            }
        }
    }

    async fn record(&mut self, record: Record) {
        let Some(active) = self.channels.get_mut(&record.channel) else {
            return;
        };
        if let Some(mut buffer) = active.buffer() {
            buffer.push(record);
            return;
        }
        if record.position.seq <= active.have.seq {
            return;
        }
        if record.prev_seq > active.have.seq {
            let (channel, upto) = (record.channel.clone(), record.position);
            self.repair(channel, upto, vec![record]);
            return;
        }
        self.deliver(&record).await;
    }

    /// Delivers the next record of its channel.
    async fn deliver(&mut self, record: &Record) {
        let Some(active) = self.channels.get_mut(&record.channel) else {
            return;
        };
        active.have = record.position;
        let epoch = self.log.epoch(&record.channel);
        if let Some(delivery) = Delivery::of_record(record, epoch) {
            active.send(&self.shards, Arc::new(delivery)).await;
        }
    }

    /// Reads what lies between what was delivered and `upto`, then goes on with `buffered`.
    fn repair(&mut self, channel: Channel, upto: Position, buffered: Vec<Record>) {
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        self.figures.repairs.inc();
        active.phase = Phase::Repairing { buffered };
        let log = Arc::clone(&self.log);
        let mut after = active.have;
        let place = Place {
            channel,
            id: active.id,
        };
        self.reads.push(Box::pin(async move {
            let mut missed = Vec::new();
            let outcome = loop {
                match replay::step(&*log, &place.channel, after, upto).await {
                    Ok(step) => {
                        after = step.position;
                        missed.extend(step.records);
                        if !step.more {
                            break Ok(missed);
                        }
                    }
                    Err(error) => break Err(error),
                }
            };
            Found::Missed(place, upto, outcome)
        }));
    }

    async fn found(&mut self, found: Found) {
        match found {
            Found::Head(place, head) if self.is_current(&place) => self.opened(place, head).await,
            Found::Missed(place, upto, Ok(records)) if self.is_current(&place) => {
                for record in &records {
                    self.deliver(record).await;
                }
                self.settle(place.channel, upto).await;
            }
            Found::Missed(place, _, Err(error)) if self.is_current(&place) => {
                self.reset(&place.channel, replay::reset_reason(&error))
                    .await;
                if let Some(active) = self.channels.get_mut(&place.channel) {
                    let buffered = active.take_buffer();
                    active.phase = Phase::Opening {
                        waiting: Vec::new(),
                        buffered,
                    };
                    self.open_channel(place);
                }
            }
            Found::Heads(heads) => {
                for (channel, head) in heads {
                    let behind = self.channels.get(&channel).is_some_and(|active| {
                        matches!(active.phase, Phase::Live) && head.last.seq > active.have.seq
                    });
                    if behind {
                        self.repair(channel, head.last, Vec::new());
                    }
                }
            }
            Found::Head(..) | Found::Missed(..) => {}
        }
    }

    fn is_current(&self, place: &Place) -> bool {
        self.channels
            .get(&place.channel)
            .is_some_and(|active| active.id == place.id)
    }

    async fn opened(&mut self, place: Place, head: Head) {
        let channel = place.channel;
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        let Phase::Opening { waiting, .. } = &mut active.phase else {
            return;
        };
        let waiting = std::mem::take(waiting);
        active.have = active.have.max(head.last);
        for request in waiting {
            self.welcome(&channel, request).await;
        }
        self.settle(channel, head.last).await;
    }

    /// The channel stands at `upto`: live again, after what was buffered meanwhile.
    async fn settle(&mut self, channel: Channel, upto: Position) {
        let Some(active) = self.channels.get_mut(&channel) else {
            return;
        };
        active.have = active.have.max(upto);
        let overflowed = active.overflowed();
        let buffered = active.take_buffer();
        active.phase = Phase::Live;
        for record in buffered {
            self.record(record).await;
        }
        if overflowed {
            self.audit_some(vec![channel]);
        }
    }

    async fn reset(&mut self, channel: &Channel, reason: &'static str) {
        tracing::warn!(%channel, reason, "a gap cannot be filled; subscribers are told");
        let Some(active) = self.channels.get(channel) else {
            return;
        };
        let now_ms = self.clock.now_ms();
        let text = crate::frames::reset(channel, reason, now_ms);
        let delivery = Delivery::unstored(&text, Class::Kept, now_ms);
        active.send(&self.shards, Arc::new(delivery)).await;
    }

    async fn event(&mut self, received: Received) {
        // Events may be lost: nobody stored them, and nobody counts on them.
        let Received::Message(message) = received else {
            return;
        };
        let Ok(event) = Event::decode(message.payload) else {
            return;
        };
        if let Some(active) = self.channels.get(event.channel.as_str()) {
            active
                .send(&self.shards, Arc::new(Delivery::of_event(&event)))
                .await;
        }
    }

    /// Compares every active channel with the log's head.
    fn audit(&self) {
        let stored: Vec<Channel> = self
            .channels
            .keys()
            .filter(|channel| channel.is_stored())
            .cloned()
            .collect();
        for channels in stored.chunks(HEADS) {
            self.audit_some(channels.to_vec());
        }
    }

    fn audit_some(&self, channels: Vec<Channel>) {
        let log = Arc::clone(&self.log);
        self.reads.push(Box::pin(async move {
            let heads = heads(&*log, &channels).await;
            Found::Heads(channels.into_iter().zip(heads).collect())
        }));
    }
}

/// The heads of `channels`, asked for until the log answers.
async fn heads(log: &dyn Log, channels: &[Channel]) -> Vec<Head> {
    let mut backoff = Duration::from_millis(10);
    loop {
        match log.heads(channels).await {
            Ok(heads) => return heads,
            Err(error) => {
                tracing::debug!(%error, "the hub waits for the log");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(Duration::from_secs(1));
            }
        }
    }
}
