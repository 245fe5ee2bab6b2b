//! One client: connects, reads, leaves, and comes back by the protocol's rules.

mod connection;
mod frame;
mod intake;
mod standing;

use super::{
    Phase,
    persona::{Habit, Persona},
};
use crate::{
    history::{Channel, Event, Id, Return, Seen, Session, What},
    site::Doors,
    stopwatch::Stopwatch,
};
use connection::converse;
use standing::Standings;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// First wait before coming back; doubles up to [`BACKOFF_MAX_MS`]. What is waited is anything up to it. Shorter than a
/// client in the field would take, because a row is short.
const BACKOFF_MIN_MS: u64 = 200;
const BACKOFF_MAX_MS: u64 = 3_000;

/// How many clients have come how far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Connected, and subscribed to everything they read.
    pub(super) live: usize,
    /// Were sent the last publication of every channel they read.
    pub(super) heard: usize,
}

/// What a client is given.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) doors: Arc<Doors>,
    pub(super) stopwatch: Stopwatch,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) progress: watch::Sender<Progress>,
    /// What any client was sent of rooms.
    pub(super) seen: Arc<Mutex<Seen>>,
}

impl Surroundings {
    /// Nothing is awaited under it.
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client, across its connections.
pub(super) struct Client {
    persona: Persona,
    token: String,
    around: Surroundings,
    standings: Standings,
    record: Session,
    lost_at_ms: Option<u64>,
    is_live: bool,
    /// Probes that have not come yet; `None` until they are known.
    awaited: Option<HashSet<(Channel, Id)>>,
}

/// How a connection ended.
enum Ended {
    /// Come back, after this at least.
    Lost { retry_after_ms: u64 },
    /// Left by itself; comes back after this.
    Away(Duration),
    /// Left for good.
    Gone,
    /// The server says to stay away, which it has no reason for.
    Barred,
    /// The row is over.
    Over,
}

impl Client {
    pub(super) fn new(persona: Persona, token: String, around: Surroundings) -> Self {
        Self {
            standings: Standings::new(persona.channels()),
            record: Session {
                name: persona.name.clone(),
                ..Session::default()
            },
            persona,
            token,
            around,
            lost_at_ms: None,
            is_live: false,
            awaited: None,
        }
    }

    /// Takes part until the row is over, or until it leaves for good.
    pub(super) async fn run(mut self) -> Session {
        if let Habit::Late(wait) = self.persona.habit {
            let mut phase = self.around.phase.clone();
            let settling = phase.wait_for(|phase| !matches!(phase, Phase::Busy));
            drop(tokio::time::timeout(wait, settling).await);
        }
        let mut backoff_ms = BACKOFF_MIN_MS;
        while !self.is_over() {
            let connections = self.record.returns.len();
            let ended = converse(&mut self).await;
            let was_live = self.is_live;
            self.leave();
            if was_live || self.record.returns.len() > connections {
                backoff_ms = BACKOFF_MIN_MS;
            }
            let wait = match ended {
                Ended::Over => {
                    self.record.is_connected = true;
                    break;
                }
                Ended::Gone => return self.record,
                Ended::Barred => break,
                Ended::Away(wait) => wait,
                Ended::Lost { retry_after_ms } => {
                    let jitter = self.persona.random.between_ms(0, backoff_ms);
                    backoff_ms = (backoff_ms * 2).min(BACKOFF_MAX_MS);
                    jitter.max(Duration::from_millis(retry_after_ms))
                }
            };
            self.wait(wait).await;
        }
        self.record.held = self.persona.channels();
        self.record
    }

    /// Waits, unless the row is over first.
    async fn wait(&mut self, time: Duration) {
        let mut phase = self.around.phase.clone();
        let over = phase.wait_for(|phase| matches!(phase, Phase::Over));
        drop(tokio::time::timeout(time, over).await);
    }

    fn is_over(&self) -> bool {
        matches!(*self.around.phase.borrow(), Phase::Over)
    }

    fn is_busy(&self) -> bool {
        matches!(*self.around.phase.borrow(), Phase::Busy)
    }

    /// Everything is subscribed, in a connection whose attempt began at `begun_at_ms`.
    fn arrive(&mut self, begun_at_ms: u64) {
        if self.is_live {
            return;
        }
        self.is_live = true;
        self.around
            .progress
            .send_modify(|progress| progress.live += 1);
        if let Some(lost_at_ms) = self.lost_at_ms.take() {
            self.record.returns.push(Return {
                lost_at_ms,
                begun_at_ms,
                back_at_ms: self.around.stopwatch.now_ms(),
            });
        }
    }

    /// The connection is gone.
    fn leave(&mut self) {
        self.standings.disconnected();
        if self.is_live {
            self.is_live = false;
            self.around
                .progress
                .send_modify(|progress| progress.live -= 1);
            self.lost_at_ms = Some(self.around.stopwatch.now_ms());
        }
    }

    fn note(&mut self, channel: &str, what: What) {
        let channel = Channel::from(channel);
        if let What::Entry { n, id } = &what
            && channel.starts_with("room:")
        {
            let place = (Channel::clone(&channel), Id::clone(id));
            self.around.seen().entry(place).or_insert(*n);
        }
        if let What::Entry { id, .. } = &what
            && let Some(awaited) = &mut self.awaited
        {
            awaited.remove(&(Channel::clone(&channel), Id::clone(id)));
            self.hear();
        }
        self.record.events.push(Event {
            channel,
            at_ms: self.around.stopwatch.now_ms(),
            what,
        });
    }

    /// The row has come further. Learns which publications are the last ones.
    fn look(&mut self) {
        let probes = match &*self.around.phase.borrow() {
            Phase::Probed(probes) if self.awaited.is_none() => Arc::clone(probes),
            _ => return,
        };
        let mut awaited: HashSet<(Channel, Id)> = self
            .persona
            .channels()
            .into_iter()
            .filter_map(|channel| {
                Some((Channel::clone(&channel), Id::clone(probes.get(&channel)?)))
            })
            .collect();
        for event in &self.record.events {
            if let What::Entry { id, .. } = &event.what {
                awaited.remove(&(Channel::clone(&event.channel), Id::clone(id)));
            }
        }
        self.awaited = Some(awaited);
        self.hear();
    }

    fn hear(&mut self) {
        if self.awaited.as_ref().is_some_and(HashSet::is_empty) {
            // Told once: what comes after it is not asked for any more.
            self.awaited = Some(HashSet::from([("".into(), "".into())]));
            self.around
                .progress
                .send_modify(|progress| progress.heard += 1);
        }
    }
}
