//! Who listens to what.

use crate::{bus::Message, error::BusError, feed::Feed, filter, server::Server};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak},
};

/// Whoever is told.
#[derive(Clone)]
pub(super) enum Listener {
    Subscriber(Arc<Feed<Message>>),
    Server {
        group: Option<String>,
        server: Arc<Server>,
    },
}

/// Who gets one message.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) subscribers: Vec<Arc<Feed<Message>>>,
    /// Those without a group.
    pub(super) servers: Vec<Arc<Server>>,
    /// One of each group.
    pub(super) chosen: Vec<Arc<Server>>,
}

#[derive(Default)]
pub(super) struct Registry {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    last_id: u64,
    /// Filters that are one subject: found by hash.
    literal: HashMap<String, Vec<Placed>>,
    /// The others, tried one by one: a process has a handful.
    wild: Vec<(String, Placed)>,
}

#[derive(Clone)]
struct Placed {
    id: u64,
    listener: Listener,
}

/// Listens for as long as it lives.
pub(super) struct Entry {
    registry: Weak<Registry>,
    filter: String,
    id: u64,
}

impl Registry {
    pub(super) fn add(
        this: &Arc<Self>,
        filter: &str,
        listener: Listener,
    ) -> Result<Entry, BusError> {
        if !filter::is_filter(filter) {
            tracing::error!(filter, "a subscription was refused: no filter");
            return Err(BusError::Unavailable);
        }
        let mut state = this.write();
        state.last_id += 1;
        let id = state.last_id;
        let placed = Placed { id, listener };
        if filter::is_wild(filter) {
            state.wild.push((filter.to_owned(), placed));
        } else {
            state
                .literal
                .entry(filter.to_owned())
                .or_default()
                .push(placed);
        }
        Ok(Entry {
            registry: Arc::downgrade(this),
            filter: filter.to_owned(),
            id,
        })
    }

    /// Who gets a message to `subject` now.
    pub(super) fn listeners(&self, subject: &str) -> Listeners {
        let mut listeners = Listeners::default();
        let mut groups: HashMap<&str, &Arc<Server>> = HashMap::new();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let wild = state
            .wild
            .iter()
            .filter(|(filter, _placed)| filter::matches(filter, subject))
            .map(|(_filter, placed)| placed);
        for placed in state.literal.get(subject).into_iter().flatten().chain(wild) {
            match &placed.listener {
                Listener::Subscriber(feed) => listeners.subscribers.push(Arc::clone(feed)),
                Listener::Server {
                    group: None,
                    server,
                } => listeners.servers.push(Arc::clone(server)),
                Listener::Server {
                    group: Some(group),
                    server,
                } => {
                    let chosen = groups.entry(group).or_insert(server);
                    if server.load() < chosen.load() {
                        *chosen = server;
                    }
                }
            }
        }
        listeners.chosen.extend(groups.into_values().cloned());
        listeners
    }

    /// Ends every subscription.
    pub(super) fn close(&self) {
        let State { literal, wild, .. } = std::mem::take(&mut *self.write());
        let placed = literal.into_values().flatten();
        for placed in placed.chain(wild.into_iter().map(|(_filter, placed)| placed)) {
            if let Listener::Subscriber(feed) = placed.listener {
                feed.close();
            }
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(registry) = self.registry.upgrade() else {
            return;
        };
        let mut state = registry.write();
        // What is taken out is dropped after the lock is released: a responder may hold other entries.
        let removed = if filter::is_wild(&self.filter) {
            let place = state
                .wild
                .iter()
                .position(|(_, placed)| placed.id == self.id);
            place.map(|place| state.wild.remove(place).1)
        } else {
            let (removed, is_empty) = match state.literal.get_mut(&self.filter) {
                Some(placed) => {
                    let place = placed.iter().position(|placed| placed.id == self.id);
                    (place.map(|place| placed.remove(place)), placed.is_empty())
                }
                None => (None, false),
            };
            if is_empty {
                state.literal.remove(&self.filter);
            }
            removed
        };
        drop(state);
        drop(removed);
    }
}
