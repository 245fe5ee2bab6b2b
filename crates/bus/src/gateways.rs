//! The gateways that are here, by what each says of itself.
//!
//! Each tells every few seconds that it is here, and that is its lease: whoever asks all gateways knows how many answers
//! to wait for, and what a silent one was said to hold can be forgotten. The lease is told over the bus and not kept in a
//! bucket, so that a store that is away for some seconds ends no lease, and an idle node writes nothing.

use fanfare_proto::{channel::is_id, subject, wire::GatewayHere};
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use tokio::time::Instant;

const INTERVAL: Duration = Duration::from_millis(subject::GATEWAY_HERE_INTERVAL_MS);

/// A gateway that was not heard for so long is gone.
const LEASE: Duration = Duration::from_millis(subject::GATEWAY_LEASE_MS);

/// How long one must have listened to have heard every gateway: one of their messages, which may come late.
const ALL_HEARD: Duration = INTERVAL.saturating_mul(2);

/// Most gateways that are told apart, some 150 bytes each. Of more, none are counted.
const GATEWAYS_MAX: usize = 10_000;

/// One gateway: a process, not only its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GatewayId {
    /// A valid id (see [`is_id`]).
    pub node: String,
    /// When it started, in milliseconds since the Unix epoch.
    pub incarnation: i64,
}

/// What a sign of life meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The gateway was not known.
    New,
    /// Its lease goes on.
    Known,
    /// It was known, and has said goodbye.
    Left,
    /// Nothing: it is no gateway, has said goodbye before, or there are too many.
    Nothing,
}

/// The gateways whose leases go on. Times are tokio's, which tests pause.
#[derive(Debug)]
pub struct Gateways {
    heard: HashMap<GatewayId, Instant>,
    /// Since when nothing was missed.
    since: Instant,
}

impl Default for Gateways {
    fn default() -> Self {
        Self::new()
    }
}

impl Gateways {
    /// None was heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            heard: HashMap::new(),
            since: Instant::now(),
        }
    }

    /// Takes what a gateway has told of itself.
    pub fn hear(&mut self, told: &GatewayHere) -> Heard {
        let id = GatewayId {
            node: told.node.clone(),
            incarnation: told.incarnation,
        };
        if !told.leaving {
            return self.sign_of_life(&id);
        }
        match self.heard.remove(&id) {
            Some(_) => Heard::Left,
            None => Heard::Nothing,
        }
    }

    /// Something else came from a gateway: it is there.
    pub fn sign_of_life(&mut self, id: &GatewayId) -> Heard {
        let now = Instant::now();
        if let Some(at) = self.heard.get_mut(id) {
            *at = now;
            return Heard::Known;
        }
        if self.heard.len() >= GATEWAYS_MAX || !is_id(&id.node) {
            return Heard::Nothing;
        }
        self.heard.insert(id.clone(), now);
        Heard::New
    }

    /// Messages were missed: a new gateway may have spoken meanwhile.
    pub fn missed(&mut self) {
        self.since = Instant::now();
    }

    /// Begins every lease anew: whoever was deaf cannot say who was silent.
    pub fn renew(&mut self) {
        let now = Instant::now();
        self.heard.values_mut().for_each(|at| *at = now);
        self.since = now;
    }

    /// Takes out those whose leases are over.
    pub fn take_gone(&mut self) -> Vec<GatewayId> {
        let now = Instant::now();
        self.heard
            .extract_if(|_id, at| *at + LEASE <= now)
            .map(|(id, _at)| id)
            .collect()
    }

    /// The names of those whose leases go on, in order, each once.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<String> {
        let now = Instant::now();
        let here = self.heard.iter().filter(|(_, at)| **at + LEASE > now);
        here.map(|(id, _at)| id.node.clone()).collect()
    }

    /// How many answers there will be to a question to every gateway. [`usize::MAX`] while that is not known: right after
    /// a start, and when none was heard. Leases that are over but not [taken out](Self::take_gone) do not count.
    #[must_use]
    pub fn expected(&self) -> usize {
        let now = Instant::now();
        let count = self.heard.values().filter(|at| **at + LEASE > now).count();
        let is_known = self.since + ALL_HEARD <= now && (1..GATEWAYS_MAX).contains(&count);
        if is_known { count } else { usize::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(node: &str, leaving: bool) -> GatewayHere {
        GatewayHere {
            node: node.to_owned(),
            leaving,
            ..GatewayHere::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_were_heard_of_late_are_expected() {
        let mut gateways = Gateways::new();
        assert_eq!(gateways.hear(&here("a", false)), Heard::New);
        assert_eq!(gateways.expected(), usize::MAX, "others may be there too");
        tokio::time::advance(ALL_HEARD).await;
        assert_eq!(gateways.hear(&here("b", false)), Heard::New);
        assert_eq!(gateways.expected(), 2);
        assert!(gateways.nodes().iter().eq(["a", "b"]));
        assert_eq!(gateways.hear(&here("a", false)), Heard::Known);
        assert_eq!(gateways.hear(&here("b", true)), Heard::Left);
        assert_eq!(gateways.hear(&here("b", true)), Heard::Nothing);
        assert_eq!(gateways.expected(), 1);
        gateways.missed();
        assert_eq!(gateways.expected(), usize::MAX);
        tokio::time::advance(ALL_HEARD).await;
        assert_eq!(gateways.expected(), 1);
        tokio::time::advance(LEASE).await;
        assert_eq!(gateways.expected(), usize::MAX, "there may be none");
        assert!(gateways.nodes().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_ends_once_and_only_in_silence() {
        let mut gateways = Gateways::new();
        gateways.hear(&here("a", false));
        gateways.hear(&here("b", false));
        tokio::time::advance(LEASE - Duration::from_millis(1)).await;
        gateways.hear(&here("b", false));
        assert!(gateways.take_gone().is_empty());
        tokio::time::advance(Duration::from_millis(1)).await;
        let gone = gateways.take_gone();
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].node, "a");
        assert!(gateways.take_gone().is_empty());
        gateways.renew();
        tokio::time::advance(LEASE - Duration::from_millis(1)).await;
        assert!(gateways.take_gone().is_empty(), "all leases began anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_starts_again_is_another_gateway() {
        let mut gateways = Gateways::new();
        gateways.hear(&here("a", false));
        let again = GatewayHere {
            incarnation: 1,
            ..here("a", false)
        };
        assert_eq!(gateways.hear(&again), Heard::New);
        assert_eq!(gateways.hear(&here("not an id", false)), Heard::Nothing);
    }
}
