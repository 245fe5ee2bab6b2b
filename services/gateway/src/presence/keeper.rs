//! The one task that follows who is present: what this node tells, what the others tell, and the views of the channels
//! that are watched here.

mod fetch;
mod others;
mod own;
mod pace;
mod watched;

use super::{GATHER_WAIT, Question, peer::Peer};
use crate::node::Node;
use bytes::Bytes;
use fanfare_bus::{Gateways, Message, Subscription, bus::Serving};
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{
    Channel, subject,
    wire::{PresenceReply, PresenceRequest},
};
use fetch::Fetched;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use prost::Message as _;
use std::{
    collections::{BTreeSet, HashMap},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior},
};
use watched::Watched;

/// Between two signs of life.
const HERE_INTERVAL: Duration = Duration::from_millis(subject::GATEWAY_HERE_INTERVAL_MS);

/// Between two looks at what is due.
const PACE: Duration = Duration::from_millis(250);

pub(crate) struct Keeper {
    node: Arc<Node>,
    incarnation: i64,
    /// Of this node's last change.
    counter: u64,
    /// Channels of which this node tells numbers only, and whether the number has changed since.
    counted: HashMap<Channel, bool>,
    gateways: Gateways,
    /// When this node's own sign of life last came back: without it, silence says nothing about others.
    own_heard: Instant,
    is_deaf: bool,
    began: Instant,
    /// It has said goodbye.
    has_left: bool,
    peers: HashMap<u32, Peer>,
    last_peer: u32,
    views: HashMap<Channel, Watched>,
    /// Channels whose views are to be begun.
    opening: BTreeSet<Channel>,
    /// All gateways are being asked for some.
    is_opening: bool,
    /// Channels whose watchers are told numbers only.
    by_number: BTreeSet<Channel>,
    numbers_told_at: Instant,
    fetches: FuturesUnordered<BoxFuture<'static, Fetched>>,
    _serving: [Serving; 2],
}

/// What the keeper listens to.
pub(crate) struct Sources {
    here: Box<dyn Subscription>,
    changes: Box<dyn Subscription>,
    questions: mpsc::Receiver<Question>,
}

impl Keeper {
    /// Begins to listen, and to answer the other gateways.
    ///
    /// # Errors
    ///
    /// The text says what of the bus was not to be had.
    pub(crate) async fn open(
        node: Arc<Node>,
        questions: mpsc::Receiver<Question>,
    ) -> Result<(Self, Sources), String> {
        let bus = Arc::clone(&node.bus);
        let sources = Sources {
            here: bus
                .subscribe(subject::GATEWAY_HERE)
                .await
                .map_err(|error| error.to_string())?,
            changes: bus
                .subscribe(subject::GATEWAY_PRESENCE_CHANGES)
                .await
                .map_err(|error| error.to_string())?,
            questions,
        };
        let own = subject::presence_of(&node.settings.node);
        let serving = [
            serve(&node, subject::GATEWAY_PRESENCE).await?,
            serve(&node, &own).await?,
        ];
        let now = Instant::now();
        let keeper = Self {
            incarnation: node.clock.now_ms(),
            node,
            counter: 0,
            counted: HashMap::new(),
            gateways: Gateways::new(),
            own_heard: now,
            is_deaf: false,
            began: now,
            has_left: false,
            peers: HashMap::new(),
            last_peer: 0,
            views: HashMap::new(),
            opening: BTreeSet::new(),
            is_opening: false,
            by_number: BTreeSet::new(),
            numbers_told_at: now,
            fetches: FuturesUnordered::new(),
            _serving: serving,
        };
        Ok((keeper, sources))
    }

    /// Works until the node's hard shutdown, or until the bus has ended.
    pub(crate) async fn run(mut self, mut sources: Sources, shutdown: Shutdown) {
        let node = Arc::clone(&self.node);
        let mut here = tokio::time::interval(HERE_INTERVAL);
        here.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_due = self.has_due();
            tokio::select! {
                () = shutdown.forced() => return,
                _ = here.tick() => self.say_here().await,
                told = sources.here.next() => {
                    let Some(told) = told else { return };
                    self.heard_here(told).await;
                }
                told = sources.changes.next() => {
                    let Some(told) = told else { return };
                    self.heard_changes(told).await;
                }
                Some(question) = sources.questions.recv() => self.asked(question).await,
                Some(fetched) = self.fetches.next() => self.fetched(fetched).await,
                () = node.presence.changed.notified() => {}
                _ = pace.tick(), if has_due => {}
            }
            self.tell_changes().await;
            self.do_due().await;
        }
    }

    async fn asked(&mut self, question: Question) {
        match question {
            Question::Present(asker, answered) => {
                self.tell_changes().await;
                self.present(asker, answered).await;
            }
            Question::Held(channels, reply) => {
                // What is not told yet must not be in an answer that stands before it.
                self.tell_changes().await;
                // Whoever asked may have gone.
                let _gone = reply.send(self.held(&channels));
            }
            Question::Goodbye(done) => {
                self.tell_changes().await;
                self.has_left = true;
                self.say_here().await;
                let _gone = done.send(());
            }
        }
    }
}

/// Answers other gateways on `subject`.
async fn serve(node: &Arc<Node>, subject: &str) -> Result<Serving, String> {
    let own = Arc::clone(node);
    let responder = move |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
        let own = Arc::clone(&own);
        Box::pin(async move { held(&own, message).await })
    };
    node.bus
        .serve(subject, None, Box::new(responder))
        .await
        .map_err(|error| error.to_string())
}

async fn held(node: &Node, message: Message) -> Bytes {
    let request = PresenceRequest::decode(message.payload).unwrap_or_default();
    let asking = node
        .presence
        .ask(|reply: oneshot::Sender<PresenceReply>| Question::Held(request.channels, reply));
    // A node whose keeper has ended answers nothing that counts.
    let reply = tokio::time::timeout(GATHER_WAIT, asking).await;
    let reply = reply.ok().flatten().unwrap_or_default();
    reply.encode_to_vec().into()
}
