//! A signed-in session, as the rest of the node sees it.

use crate::{
    hub::Attachment,
    link::Link,
    session::{self, Endpoint},
    shard::Key,
    system::Watching,
};
use fanfare_proto::{
    Channel,
    wire::{Caller, Coverage, SessionReport},
};
use fanfare_tokens::Identity;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ended readings that are remembered for the delivery trail. Older ones are forgotten.
const ENDED: usize = 32;

/// One reading of a channel.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) attachment: Attachment,
    /// The client had everything up to here.
    pub(crate) from_n: u64,
    /// Written from the log up to here.
    pub(crate) replayed_n: u64,
    /// Deliveries go to the socket directly.
    pub(crate) live: bool,
    pub(crate) at_ms: i64,
    /// Of `system:metrics`: keeps the figures coming.
    pub(crate) _watching: Option<Watching>,
}

/// One connection with its bearer.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) session: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) connected_at_ms: i64,
    pub(crate) link: Arc<Link>,
    shard: usize,
    key: Key,
    /// Held by the one replay that may run.
    pub(crate) replay_turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    identity: Option<Arc<Identity>>,
    subscriptions: Vec<Subscription>,
    ended: Vec<Coverage>,
}

impl Member {
    pub(crate) fn new(
        session: String,
        endpoint: Endpoint,
        connected_at_ms: i64,
        link: Arc<Link>,
        shard: usize,
        key: Key,
    ) -> Self {
        Self {
            session,
            endpoint,
            connected_at_ms,
            link,
            shard,
            key,
            replay_turn: tokio::sync::Mutex::const_new(()),
            state: Mutex::default(),
        }
    }

    /// Where its connection is.
    pub(crate) const fn seat(&self) -> (usize, Key) {
        (self.shard, self.key)
    }

    pub(crate) fn identity(&self) -> Option<Arc<Identity>> {
        self.lock().identity.clone()
    }

    pub(crate) fn identify(&self, identity: Arc<Identity>) {
        self.lock().identity = Some(identity);
    }

    /// Who asks, for a service.
    pub(crate) fn caller(&self) -> Option<Caller> {
        let identity = self.identity()?;
        Some(session::caller(&self.session, &identity))
    }

    pub(crate) fn subscribed(&self, subscription: Subscription) {
        self.lock().subscriptions.push(subscription);
    }

    /// Whether `channel` is being read.
    pub(crate) fn reads(&self, channel: &Channel) -> bool {
        self.lock()
            .subscriptions
            .iter()
            .any(|subscription| subscription.attachment.progress.channel == *channel)
    }

    /// Entries up to `n` were written from the log.
    pub(crate) fn replayed(&self, channel: &Channel, n: u64) {
        self.with(channel, |subscription| subscription.replayed_n = n);
    }

    pub(crate) fn went_live(&self, channel: &Channel) {
        self.with(channel, |subscription| subscription.live = true);
    }

    /// The reading of `channel` ends.
    pub(crate) fn left(&self, channel: &Channel, now_ms: i64) {
        let mut state = self.lock();
        let at = state
            .subscriptions
            .iter()
            .position(|subscription| subscription.attachment.progress.channel == *channel);
        if let Some(at) = at {
            let subscription = state.subscriptions.swap_remove(at);
            let coverage = self.coverage(&subscription, now_ms);
            if state.ended.len() == ENDED {
                state.ended.remove(0);
            }
            state.ended.push(coverage);
        }
    }

    /// Every reading ends.
    pub(crate) fn leave_all(&self) {
        let subscriptions = std::mem::take(&mut self.lock().subscriptions);
        drop(subscriptions);
    }

    /// What was written to this session so far. `ended_at_ms` 0: it is still there.
    pub(crate) fn report(&self, node: &str, ended_at_ms: i64, close_code: u16) -> SessionReport {
        let state = self.lock();
        let open = state
            .subscriptions
            .iter()
            .map(|subscription| self.coverage(subscription, ended_at_ms));
        SessionReport {
            session: self.session.clone(),
            user: state
                .identity
                .as_deref()
                .map(|identity| identity.user.clone())
                .unwrap_or_default(),
            node: node.to_owned(),
            connected_at_ms: self.connected_at_ms,
            ended_at_ms,
            close_code: close_code.into(),
            coverage: state.ended.iter().cloned().chain(open).collect(),
            path: self.endpoint.path().to_owned(),
        }
    }

    fn coverage(&self, subscription: &Subscription, left_at_ms: i64) -> Coverage {
        let channel = &subscription.attachment.progress.channel;
        let live_n = if subscription.live {
            subscription
                .attachment
                .progress
                .get(subscription.attachment.shard)
        } else {
            0
        };
        let pushed_n = subscription.replayed_n.max(live_n);
        let upto_n = match self.link.first_unwritten(channel) {
            Some(unwritten_n) => pushed_n.min(unwritten_n - 1),
            None => pushed_n,
        };
        Coverage {
            channel: channel.name().to_owned(),
            from_n: subscription.from_n,
            replayed_n: subscription.replayed_n.min(upto_n),
            upto_n,
            at_ms: subscription.at_ms,
            left_at_ms,
        }
    }

    fn with(&self, channel: &Channel, change: impl FnOnce(&mut Subscription)) {
        let mut state = self.lock();
        let found = state
            .subscriptions
            .iter_mut()
            .find(|subscription| subscription.attachment.progress.channel == *channel);
        if let Some(subscription) = found {
            change(subscription);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
