//! The node's one reader of the log: which channels are active here, where each of them stands, and what the live path
//! has lost.
//!
//! The live path is lossy by contract. A record whose predecessor is not the last one delivered shows a gap, which is
//! read from the log before anything after it is delivered; a lost *last* record is found by comparing heads, when the
//! tail says that it lagged and from time to time.

mod attachment;
mod audit;
mod follow;

use crate::{
    channel::{Active, Phase},
    delivery::Delivery,
    metrics::Figures,
    replay::Step,
    seat::Reading,
    shard::{Input, ShardHandle},
};
use fanfare_bus::{Bus, Log, LogError, Subscription, Tail, bus::Received, log::Head};
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{Channel, Position, subject, wire::Event};
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use prost::Message as _;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc};

pub(crate) use attachment::{Attached, Attachment, HubHandle, Request};
use attachment::{Departure, Departures};
use audit::heads;

/// Requests that wait for the hub. A connection waits when it is full.
const REQUESTS: usize = 1_024;

/// Gaps that are read at once.
const REPAIRS: usize = 32;

/// Records taken from the tail before anything else gets a turn.
const BURST: usize = 256;

/// A channel as it was when a read for it began: by the time the read ends it may have been left and opened anew.
struct Place {
    channel: Channel,
    id: u32,
}

/// What a read in the background has found.
enum Found {
    Head(Place, Head),
    /// The next page of a gap that ends at this position.
    Missed(Place, Position, Result<Step, LogError>),
    Heads(Vec<(Channel, Head)>),
}

pub(crate) struct Hub {
    log: Arc<dyn Log>,
    shards: Vec<ShardHandle>,
    clock: Clock,
    figures: Arc<Figures>,
    channels: HashMap<Channel, Active>,
    next_id: u32,
    next_serial: u32,
    departures: Arc<Departures>,
    reads: FuturesUnordered<BoxFuture<'static, Found>>,
    /// Comparisons of heads that are under way.
    audits: usize,
    /// Another comparison was asked for meanwhile.
    audit_again: bool,
    /// Gaps that may be read at once: more would slow the log, and with it the tail.
    repairs: Arc<Semaphore>,
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
            next_serial: 0,
            departures: Arc::default(),
            reads: FuturesUnordered::new(),
            audits: 0,
            audit_again: false,
            repairs: Arc::new(Semaphore::new(REPAIRS)),
        };
        let sources = Sources {
            tail,
            events,
            requests: receiver,
        };
        let handle = HubHandle {
            requests,
            departures: Arc::clone(&hub.departures),
        };
        Ok((hub, handle, sources))
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
                Phase::Opening(opening) => opening.waiting.push(request),
                Phase::Live | Phase::Repairing(_) => self.welcome(&channel, request).await,
            }
            return;
        }
        self.next_id += 1;
        let mut active = Active::new(self.next_id);
        self.figures.channels.inc();
        if channel.is_stored() {
            active.phase = Phase::opening(vec![request], Vec::new());
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
        active.readers.add(request.shard);
        self.next_serial = self.next_serial.wrapping_add(1);
        let reading = Reading {
            channel: active.id,
            key: request.key,
            serial: self.next_serial,
        };
        let attached = Attached {
            attachment: Attachment {
                reading,
                shard: request.shard,
                departures: Arc::clone(&self.departures),
                kept: false,
            },
            head: active.have,
        };
        self.shards[usize::from(request.shard)]
            .tell(Input::Attach(reading, channel.clone(), active.have))
            .await;
        // A requester that has gone drops the attachment, which then departs.
        let _gone = request.reply.send(attached);
    }

    async fn depart(&mut self) {
        for departure in self.departures.take() {
            match departure {
                Departure::GivenUp(shard, reading) => {
                    self.shards[usize::from(shard)]
                        .tell(Input::Detach(reading))
                        .await;
                }
                Departure::Left(shard, channel, id) => self.left(shard, &channel, id),
            }
        }
    }

    fn left(&mut self, shard: u16, channel: &Channel, id: u32) {
        let of_id = |active: &&mut Active| active.id == id;
        let Some(active) = self.channels.get_mut(channel).filter(of_id) else {
            return;
        };
        active.readers.remove(shard);
        if active.is_unread() {
            self.channels.remove(channel);
            self.figures.channels.dec();
        }
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
            self.figures.messages.inc();
            active
                .send(&self.shards, Arc::new(Delivery::of_event(&event)))
                .await;
        }
    }
}
