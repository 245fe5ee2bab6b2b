//! What other gateways tell: that they are here, and who is present by them.

use super::{super::peer::Peer, HERE_INTERVAL, Keeper};
use fanfare_bus::{GatewayId, bus::Received, gateways::Heard};
use fanfare_proto::{
    Channel, subject,
    wire::{GatewayHere, PresenceChanges},
};
use prost::Message as _;
use std::sync::Arc;
use tokio::time::Instant;

impl Keeper {
    pub(super) async fn heard_here(&mut self, received: Received) {
        let Received::Message(message) = received else {
            self.gateways.missed();
            return;
        };
        let Ok(told) = GatewayHere::decode(message.payload) else {
            return;
        };
        let id = GatewayId {
            node: told.node.clone(),
            incarnation: told.incarnation,
        };
        let heard = self.gateways.hear(&told);
        if self.is_own(&id) {
            return self.heard_itself();
        }
        match heard {
            Heard::New => self.meet(id, told.changes, told.changes > 0),
            Heard::Known => {
                let lost = self
                    .peer(&id)
                    .is_some_and(|(_, peer)| !peer.has_all(told.changes));
                if lost {
                    self.doubt(&id);
                }
            }
            Heard::Left => self.will_leave(&id),
            Heard::Nothing => {}
        }
        if told.asks && heard != Heard::Nothing {
            self.say_here().await;
        }
    }

    /// What was told while this node was deaf is lost.
    fn heard_itself(&mut self) {
        self.own_heard = Instant::now();
        if std::mem::take(&mut self.is_deaf) {
            self.gateways.renew();
            self.doubt_all();
        }
    }

    pub(super) async fn heard_changes(&mut self, received: Received) {
        let Received::Message(message) = received else {
            return self.doubt_all();
        };
        let Ok(changes) = PresenceChanges::decode(message.payload) else {
            return;
        };
        let id = GatewayId {
            node: changes.node.clone(),
            incarnation: changes.incarnation,
        };
        if self.is_own(&id) {
            return;
        }
        match self.gateways.sign_of_life(&id) {
            Heard::New => self.meet(id.clone(), 0, false),
            Heard::Known => {}
            Heard::Left | Heard::Nothing => return,
        }
        let changes = Arc::new(changes);
        let Some((of, peer)) = self.peer(&id) else {
            return;
        };
        let follows = peer.follows(changes.counter);
        if !peer.keep(Arc::clone(&changes)) || !follows {
            self.doubt(&id);
        }
        self.take_changes(of, &changes).await;
    }

    pub(super) fn is_own(&self, id: &GatewayId) -> bool {
        id.node == self.node.settings.node && id.incarnation == self.incarnation
    }

    pub(super) fn peer(&mut self, id: &GatewayId) -> Option<(u32, &mut Peer)> {
        let mut peers = self.peers.iter_mut();
        let (of, peer) = peers.find(|(_, peer)| peer.id == *id)?;
        Some((*of, peer))
    }

    /// Another gateway is there, after so many changes. A process of the same name that was there before is not any more.
    pub(super) fn meet(&mut self, id: GatewayId, changes: u64, is_doubtful: bool) {
        let older: Vec<GatewayId> = self
            .peers
            .values()
            .map(|peer| &peer.id)
            .filter(|own| own.node == id.node && own.incarnation < id.incarnation)
            .cloned()
            .collect();
        for older in &older {
            self.will_leave(older);
        }
        if let Some((_, peer)) = self.peer(&id) {
            // It was about to leave, or its lease had ended.
            peer.leaves_at = None;
            return self.doubt(&id);
        }
        self.last_peer += 1;
        let peer = Peer::new(id.clone(), changes);
        self.peers.insert(self.last_peer, peer);
        if is_doubtful {
            self.doubt(&id);
        }
    }

    /// Keeps what a gateway held for as long as a user without a session stays present.
    fn will_leave(&mut self, id: &GatewayId) {
        let leaves_at = Instant::now() + self.node.settings.presence_leave;
        if let Some((_, peer)) = self.peer(id) {
            peer.leaves_at.get_or_insert(leaves_at);
        }
    }

    /// What one gateway holds is to be asked of it.
    pub(super) fn doubt(&mut self, id: &GatewayId) {
        self.node.figures.presence_gaps.inc();
        let channels: Vec<Channel> = self.views.keys().cloned().collect();
        if let Some((_, peer)) = self.peer(id) {
            peer.doubtful.extend(channels);
        }
    }

    pub(super) fn doubt_all(&mut self) {
        let ids: Vec<GatewayId> = self.peers.values().map(|peer| peer.id.clone()).collect();
        ids.iter().for_each(|id| self.doubt(id));
    }

    /// Forgets what those held whose leases are over, and those who have left. A node that does not hear itself cannot
    /// say who is silent.
    pub(super) async fn forget_gone(&mut self) {
        let now = Instant::now();
        if now >= self.own_heard + HERE_INTERVAL * 2 {
            self.is_deaf = true;
        }
        if self.is_deaf {
            return;
        }
        for id in self.gateways.take_gone() {
            if let Some((_, peer)) = self.peer(&id) {
                tracing::info!(node = %id.node, "a gateway is gone; nobody is present by it any more");
                peer.leaves_at = Some(now);
            }
        }
        let gone: Vec<u32> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.leaves_at.is_some_and(|at| at <= now))
            .map(|(of, _)| *of)
            .collect();
        for of in gone {
            self.peers.remove(&of);
            self.forget(of).await;
        }
    }
}

const _: () = assert!(
    subject::GATEWAY_LEASE_MS > 3 * subject::GATEWAY_HERE_INTERVAL_MS,
    "a node knows that it is deaf before any lease ends"
);
