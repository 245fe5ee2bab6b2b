//! What this node tells the others: that it is here, and who is present by it.

use super::{super::table::Edge, Keeper};
use fanfare_proto::{
    Channel, limits, subject,
    wire::{ChannelPresence, GatewayHere, PresenceChanges, PresenceEdge, PresenceReply},
};
use prost::Message;
use std::sync::atomic::Ordering;

/// Most edges of one message: with the longest ids and names some 120 KB.
const EDGES: usize = 256;

/// Of an answer, in bytes: well below the 1 MiB of a message, with one more channel of the longest ids and names.
const ANSWER_BYTES: usize = 512 * 1024;

impl Keeper {
    pub(super) async fn say_here(&mut self) {
        let here = GatewayHere {
            node: self.node.settings.node.clone(),
            leaving: self.has_left,
            incarnation: self.incarnation,
            changes: self.counter,
            asks: self.peers.is_empty(),
        };
        self.publish(subject::GATEWAY_HERE, &here).await;
    }

    /// Tells what has happened in the table, here and to the others.
    pub(super) async fn tell_changes(&mut self) {
        let (turned, edges, present) = {
            let mut table = self.node.presence.table();
            (table.take_turned(), table.take_edges(), table.len())
        };
        for channel in &turned {
            self.look(channel);
        }
        if edges.is_empty() {
            return;
        }
        self.node
            .figures
            .present
            .set(i64::try_from(present).unwrap_or(i64::MAX));
        let mut told = Vec::new();
        let mut wholes = Vec::new();
        for Edge {
            channel,
            person,
            joined,
        } in edges
        {
            let edge = PresenceEdge {
                channel: channel.name().to_owned(),
                user: person.user.into(),
                name: person.name.into(),
                joined,
            };
            self.own_edge(&channel, &edge).await;
            if let Some(changed) = self.counted.get_mut(&channel) {
                *changed = true;
            } else if self.own_count(&channel) > self.node.presence.users_max {
                wholes.push(self.own_whole(&channel));
                self.counted.insert(channel, false);
            } else {
                told.push(edge);
            }
        }
        for edges in told.chunks(EDGES) {
            self.tell(edges.to_vec(), Vec::new()).await;
        }
        if !wholes.is_empty() {
            self.tell(Vec::new(), wholes).await;
        }
    }

    /// Tells the numbers that have changed, and names the users of channels that have few again.
    pub(super) async fn tell_numbers(&mut self) {
        let few = self.few();
        let changed: Vec<Channel> = self
            .counted
            .iter_mut()
            .filter_map(|(channel, changed)| std::mem::take(changed).then(|| channel.clone()))
            .collect();
        for channel in changed {
            if self.own_count(&channel) <= few {
                self.counted.remove(&channel);
            }
            let mut whole = self.own_whole(&channel);
            if self.counted.contains_key(&channel) {
                whole.users = Vec::new();
            }
            self.tell(Vec::new(), vec![whole]).await;
        }
    }

    /// So many users, and fewer, are named again where more were counted: below the limit, so that one who comes and goes
    /// does not turn it every time.
    pub(super) fn few(&self) -> usize {
        self.node.presence.users_max * 4 / 5
    }

    pub(super) fn own_count(&self, channel: &Channel) -> usize {
        let table = self.node.presence.table();
        table.get(channel).map_or(0, |attendance| attendance.len())
    }

    /// Who is present in `channel` by this node.
    pub(super) fn own_whole(&self, channel: &Channel) -> ChannelPresence {
        let presence = &self.node.presence;
        presence.table().presence(channel, presence.users_max)
    }

    async fn tell(&mut self, edges: Vec<PresenceEdge>, channels: Vec<ChannelPresence>) {
        self.counter += 1;
        let changes = PresenceChanges {
            node: self.node.settings.node.clone(),
            incarnation: self.incarnation,
            counter: self.counter,
            edges,
            channels,
        };
        self.publish(subject::GATEWAY_PRESENCE_CHANGES, &changes)
            .await;
    }

    /// What is lost shows by the counter, so nobody waits for the bus.
    async fn publish(&mut self, subject: &str, message: &impl Message) {
        let payload = message.encode_to_vec().into();
        if let Err(error) = self.node.bus.publish(subject, payload).await {
            tracing::debug!(%error, subject, "the other gateways were not told");
        }
    }

    /// The answer to another gateway.
    pub(super) fn held(&self, channels: &[String]) -> PresenceReply {
        let mut reply = PresenceReply {
            node: self.node.settings.node.clone(),
            incarnation: self.incarnation,
            counter: self.counter,
            channels: Vec::new(),
        };
        let mut bytes = 0;
        for name in channels.iter().take(limits::PRESENCE_CHANNELS) {
            let Ok(channel) = Channel::parse(name) else {
                continue;
            };
            let whole = self.own_whole(&channel);
            bytes += whole.encoded_len();
            reply.channels.push(whole);
            if bytes > ANSWER_BYTES {
                break;
            }
        }
        reply
    }

    pub(super) fn note_expected(&self) {
        let expected = self.gateways.expected();
        self.node
            .presence
            .expected
            .store(expected, Ordering::Relaxed);
    }
}
