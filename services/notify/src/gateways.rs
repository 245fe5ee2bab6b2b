//! How many gateways there are, by what each says of itself.

use crate::core::Core;
use fanfare_bus::{BusError, bus::Received};
use fanfare_lifecycle::{Shutdown, Tasks};
use fanfare_proto::{channel::is_id, subject, wire::GatewayHere};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

const INTERVAL: Duration = Duration::from_millis(subject::GATEWAY_HERE_INTERVAL_MS);

/// A gateway that was not heard for so long is gone: three of its messages, and one that comes late.
const GONE: Duration = INTERVAL.saturating_mul(4);

/// How long one must have listened to have heard every gateway: one of their messages, which may come late.
const ALL_HEARD: Duration = INTERVAL.saturating_mul(2);

/// Most gateways that are told apart, some 150 bytes each. Of more, none are counted.
const GATEWAYS_MAX: usize = 10_000;

/// The gateways that were heard of late.
#[derive(Debug)]
pub(crate) struct Gateways(Mutex<Heard>);

#[derive(Debug)]
struct Heard {
    at: HashMap<String, Instant>,
    /// Since when nothing was missed.
    since: Instant,
}

impl Gateways {
    /// None was heard yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Heard {
            at: HashMap::new(),
            since: Instant::now(),
        }))
    }

    /// How many answers there will be to a question to every gateway. [`usize::MAX`] while that is not known: right after
    /// a start, and when none was heard.
    pub(crate) fn expected(&self) -> usize {
        let now = Instant::now();
        let mut heard = self.lock();
        heard.at.retain(|_node, at| *at + GONE > now);
        let is_known = heard.since + ALL_HEARD <= now && heard.at.len() < GATEWAYS_MAX;
        match heard.at.len() {
            0 => usize::MAX,
            count if is_known => count,
            _ => usize::MAX,
        }
    }

    fn take(&self, received: Received) {
        match received {
            Received::Message(message) => {
                let told = GatewayHere::decode(message.payload);
                if let Some(told) = told.ok().filter(|told| is_id(&told.node)) {
                    self.hear(told);
                }
            }
            // A new gateway may have spoken meanwhile.
            Received::Lagged => self.lock().since = Instant::now(),
        }
    }

    fn hear(&self, told: GatewayHere) {
        let mut heard = self.lock();
        if told.leaving {
            heard.at.remove(&told.node);
        } else if heard.at.contains_key(&told.node) || heard.at.len() < GATEWAYS_MAX {
            heard.at.insert(told.node, Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens until the shutdown begins.
pub(crate) async fn follow(
    core: Arc<Core>,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<(), BusError> {
    let mut messages = core.handles.bus.subscribe(subject::GATEWAY_HERE).await?;
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        loop {
            let received = tokio::select! {
                () = shutdown.begun() => return,
                received = messages.next() => received,
            };
            let Some(received) = received else { return };
            core.gateways.take(received);
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_bus::Message;

    fn here(node: &str, leaving: bool) -> Received {
        let told = GatewayHere {
            node: node.to_owned(),
            leaving,
        };
        Received::Message(Message {
            subject: subject::GATEWAY_HERE.to_owned(),
            payload: told.encode_to_vec().into(),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_were_heard_of_late_are_expected() {
        let gateways = Gateways::new();
        gateways.take(here("a", false));
        assert_eq!(gateways.expected(), usize::MAX, "others may be there too");
        tokio::time::advance(ALL_HEARD).await;
        gateways.take(here("b", false));
        gateways.take(here("no name", false));
        assert_eq!(gateways.expected(), 2);
        gateways.take(here("a", false));
        gateways.take(here("b", true));
        assert_eq!(gateways.expected(), 1);
        gateways.take(Received::Lagged);
        assert_eq!(gateways.expected(), usize::MAX);
        tokio::time::advance(ALL_HEARD).await;
        assert_eq!(gateways.expected(), 1);
        tokio::time::advance(GONE).await;
        assert_eq!(gateways.expected(), usize::MAX, "there may be none");
    }
}
