//! The calls that one connection has under way.

use crate::call::{Call, Completion};
use fanfare_proto::Channel;
use std::sync::Arc;
use tokio::{sync::Mutex, task::AbortHandle};

/// Each call is a task of its own, but a fresh subscription, for which the shard waits itself. Exists while there is one.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Held by the one replay, or page of history, that may run: several at once would queue more than a client that
    /// reads well can take.
    replay_turn: Option<Arc<Mutex<()>>>,
    last: u32,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    number: u32,
    /// Of its task.
    abort: Option<AbortHandle>,
    subscribing: Option<Subscribing>,
    /// What the client has told a service goes out, though nobody waits for the answer any more.
    outlives: bool,
}

impl Calls {
    /// The number of the next call.
    pub(crate) const fn next(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    pub(crate) fn replay_turn(&mut self) -> Arc<Mutex<()>> {
        Arc::clone(self.replay_turn.get_or_insert_default())
    }

    pub(crate) fn began(&mut self, number: u32, call: Brief, abort: Option<AbortHandle>) {
        self.running.push(Running {
            number,
            abort,
            subscribing: call.subscribing,
            outlives: call.outlives,
        });
    }

    /// A call is done; `false` when it was given up before.
    pub(crate) fn completed(&mut self, number: u32) -> bool {
        let before = self.running.len();
        self.running.retain(|own| own.number != number);
        self.running.len() < before
    }

    /// The `subscribe` that the shard waits for itself is done; answers it, or nothing when it was given up.
    pub(crate) fn subscribed(&mut self, number: u32) -> Option<Subscribing> {
        let at = self.running.iter().position(|own| own.number == number)?;
        self.running.swap_remove(at).subscribing
    }

    /// Whether a call is under way, and was not given up.
    pub(crate) fn awaits(&self, number: u32) -> bool {
        self.running.iter().any(|own| own.number == number)
    }

    /// Whether a `subscribe` is under way.
    pub(crate) fn is_subscribing(&self) -> bool {
        self.running.iter().any(|own| own.subscribing.is_some())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Gives up every `subscribe` for `channel`; answers the ids of their frames.
    pub(crate) fn leave(&mut self, channel: &Channel) -> Vec<Option<String>> {
        let of_channel = |own: &mut Running| {
            own.subscribing
                .as_ref()
                .is_some_and(|own| own.channel == *channel)
        };
        self.running
            .extract_if(.., of_channel)
            .map(|own| {
                own.abort();
                own.subscribing.and_then(|own| own.id)
            })
            .collect()
    }

    /// Gives up everything that nobody but the client would miss.
    pub(crate) fn abandon(&mut self) {
        for own in self.running.drain(..).filter(|own| !own.outlives) {
            own.abort();
        }
    }
}

impl Running {
    fn abort(&self) {
        if let Some(task) = &self.abort {
            task.abort();
        }
    }
}

/// A `subscribe` that is under way.
#[derive(Debug)]
pub(crate) struct Subscribing {
    /// Of its frame.
    pub(crate) id: Option<String>,
    pub(crate) channel: Channel,
    /// To be shown to the channel's others.
    pub(crate) presence: bool,
}

/// What is remembered of a call while it is under way.
#[derive(Debug)]
pub(crate) struct Brief {
    subscribing: Option<Subscribing>,
    outlives: bool,
}

impl Brief {
    pub(crate) fn of(call: &Call) -> Self {
        let subscribing = match call {
            Call::Subscribe {
                id,
                channel,
                presence,
                ..
            } => Some(Subscribing {
                id: id.clone(),
                channel: channel.clone(),
                presence: *presence,
            }),
            _ => None,
        };
        let outlives = match call {
            // Who has gone needs no page.
            Call::Request(request) => request.page_of.is_none(),
            Call::Tell { .. } | Call::Typing { .. } => true,
            _ => false,
        };
        Self {
            subscribing,
            outlives,
        }
    }
}

/// A call of one connection that is done.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) number: u32,
    pub(crate) completion: Completion,
}
