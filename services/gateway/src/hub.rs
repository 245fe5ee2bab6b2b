//! The node's one reader of the log: which channels are active here, where each of them stands, and what the live path
//! has lost.
//!
//! The live path is lossy by contract. A record whose predecessor is not the last one delivered shows a gap, which is
//! read from the log before anything after it is delivered; a lost *last* record is found by comparing heads, when the
//! tail says that it lagged and from time to time.

mod attachment;
mod audit;
mod channels;
mod follow;
mod ring;

use crate::{
    channel::{Active, Phase},
    delivery::Delivery,
    metrics::Figures,
    replay::Step,
    seat::Reading,
    shard::{Input, ShardHandle},
    trace::Trace,
};
use fanfare_bus::{Bus, Log, LogError, Subscription, Tail, bus::Received, log::Head};
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{Channel, Position, subject, wire::Event};
use fanfare_telemetry::traces::Traces;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use prost::Message as _;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc};

use attachment::{Asker, Departure, Departures};
pub(crate) use attachment::{Attached, Attachment, HubHandle, Request};
use audit::heads;
use channels::Channels;
pub(crate) use ring::Ring;
use ring::Rings;

/// Requests that wait for the hub. A connection waits when it is full.
const REQUESTS: usize = 1_024;

/// Gaps that are read at once.
const REPAIRS: usize = 32;

/// Requests for heads of an audit that are under way at once.
const AUDITS: usize = 2;

/// Records taken from the tail, or requests, before anything else gets a turn. The heads of all channels that so many
/// requests open are read at once.
const BURST: usize = 256;

/// A channel as it was when a read for it began: by the time the read ends it may have been left and opened anew, or
/// another may be in its slot.
struct Place {
    channel: Channel,
    slot: u32,
    life: u32,
}

/// What a read in the background has found.
enum Found {
    Opened(Vec<(Place, Head)>),
    /// The next page of a gap that ends at this position.
    Missed(Place, Position, Result<Step, LogError>),
    Heads(Vec<(Channel, Head)>),
}

pub(crate) struct Hub {
    log: Arc<dyn Log>,
    shards: Vec<ShardHandle>,
    clock: Clock,
    figures: Arc<Figures>,
    traces: Traces,
    channels: Channels,
    next_life: u32,
    next_serial: u32,
    rings: Rings,
    departures: Arc<Departures>,
    reads: FuturesUnordered<BoxFuture<'static, Found>>,
    /// Comparisons of heads that are under way.
    audits: usize,
    /// Comparisons that ask the log at once: a node with many channels must not be a burst for it.
    audit_turns: Arc<Semaphore>,
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
        (figures, traces): (Arc<Figures>, Traces),
        ring_bytes: usize,
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
            traces,
            channels: Channels::default(),
            next_life: 0,
            next_serial: 0,
            rings: Rings::new(ring_bytes),
            departures: Arc::default(),
            reads: FuturesUnordered::new(),
            audits: 0,
            audit_turns: Arc::new(Semaphore::new(AUDITS)),
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
                Some(request) = sources.requests.recv() => {
                    let mut opening = Vec::new();
                    self.attach(request, &mut opening).await;
                    for _ in 1..BURST {
                        let Ok(request) = sources.requests.try_recv() else { break };
                        self.attach(request, &mut opening).await;
                    }
                    self.open_channels(opening);
                }
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

    /// Answers one request, now or once the channel that it needs is open: `opening` gets those that nobody opens yet.
    async fn attach(&mut self, request: Request, opening: &mut Vec<Place>) {
        if let Some(slot) = self.channels.find(request.channel.name()) {
            match &mut self.channels[slot].phase {
                Phase::Opening(opening) => opening.waiting.push(request),
                Phase::Live | Phase::Repairing(_) => self.welcome(slot, request).await,
            }
            return;
        }
        self.next_life = self.next_life.wrapping_add(1);
        self.figures.channels.inc();
        let channel = request.channel.clone();
        let is_stored = channel.is_stored();
        let slot = self.channels.add(Active::new(channel, self.next_life));
        if is_stored {
            self.channels[slot].phase = Phase::opening(vec![request], Vec::new());
            opening.push(self.place(slot));
        } else {
            self.welcome(slot, request).await;
        }
    }

    fn place(&self, slot: u32) -> Place {
        let Active { channel, life, .. } = &self.channels[slot];
        Place {
            channel: channel.clone(),
            slot,
            life: *life,
        }
    }

    fn open_channels(&self, places: Vec<Place>) {
        if places.is_empty() {
            return;
        }
        let log = Arc::clone(&self.log);
        self.reads.push(Box::pin(async move {
            let channels: Vec<Channel> = places.iter().map(|own| own.channel.clone()).collect();
            let heads = heads(&*log, &channels).await;
            Found::Opened(places.into_iter().zip(heads).collect())
        }));
    }

    /// Adds a subscriber to a channel that is open.
    async fn welcome(&mut self, slot: u32, request: Request) {
        let active = &mut self.channels[slot];
        active.readers.add(request.shard);
        self.next_serial = self.next_serial.wrapping_add(1);
        let reading = Reading {
            channel: slot,
            key: request.key,
            serial: self.next_serial,
        };
        let (head, channel) = (active.have, active.channel.clone());
        let shard = &self.shards[usize::from(request.shard)];
        let reply = match request.asker {
            Asker::Shard => {
                let input = Input::AttachLive(request.call, reading, channel, head);
                return shard.tell(input).await;
            }
            Asker::Call(reply) => reply,
        };
        let input = Input::Attach(request.call, reading, channel, head);
        shard.tell(input).await;
        let missed = request
            .since
            .and_then(|since| self.channels[slot].missed(since, self.clock.now_ms()));
        let attachment = Attachment {
            reading,
            shard: request.shard,
            departures: Arc::clone(&self.departures),
            kept: false,
        };
        // A requester that has gone drops the attachment, which then departs.
        let _gone = reply.send(Attached {
            attachment,
            head,
            missed,
        });
    }

    async fn depart(&mut self) {
        for departure in self.departures.take() {
            match departure {
                Departure::GivenUp(shard, reading) => {
                    self.shards[usize::from(shard)]
                        .tell(Input::Detach(reading))
                        .await;
                }
                Departure::Left(shard, slot) => self.left(shard, slot),
            }
        }
    }

    fn left(&mut self, shard: u16, slot: u32) {
        let Some(active) = self.channels.get_mut(slot) else {
            return;
        };
        active.readers.remove(shard);
        if active.is_unread() {
            self.rings.clear(active);
            self.channels.remove(slot);
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
        if let Some(slot) = self.channels.find(&event.channel) {
            self.figures.messages.inc();
            let trace = Trace::begin(&self.traces, message.trace, &event.channel, 0);
            let delivery = Arc::new(Delivery::of_event(&event, trace));
            self.channels[slot].send(slot, &self.shards, delivery).await;
        }
    }
}
