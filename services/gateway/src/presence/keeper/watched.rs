//! The channels that are watched here, and what their watchers are told.

use super::{
    super::{
        Asker,
        answer::Answer,
        view::{Step, View},
    },
    Keeper,
};
use crate::{delivery::Delivery, shard::Input};
use fanfare_proto::{
    Channel,
    wire::{ChannelPresence, PresenceChanges, PresenceEdge},
};
use std::{collections::hash_map::Entry, sync::Arc};
use tokio::sync::oneshot;

/// This node among those by which users are present.
pub(super) const OWN: u32 = 0;

/// Most sessions that wait for one view.
const WAITING: usize = 1_024;

/// A channel that somebody watches by this node.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) view: View,
    /// All gateways were asked, and changes are told.
    pub(super) is_live: bool,
    pub(super) waiting: Vec<(Asker, oneshot::Sender<bool>)>,
    /// The number that its watchers were told last; `None` while they are told who comes and goes.
    pub(super) told: Option<u64>,
}

impl Keeper {
    /// The channel's view is there as long as somebody watches it here.
    pub(super) fn look(&mut self, channel: &Channel) {
        if self.node.presence.table().get(channel).is_none() {
            return self.unwatch(channel);
        }
        if let Entry::Vacant(entry) = self.views.entry(channel.clone()) {
            self.opening.insert(channel.clone());
            entry.insert(Watched {
                view: View::new(),
                is_live: false,
                waiting: Vec::new(),
                told: None,
            });
        }
    }

    /// Somebody has come or gone here.
    pub(super) async fn own_edge(&mut self, channel: &Channel, edge: &PresenceEdge) {
        self.look(channel);
        let count = self.own_count(channel) as u64;
        let Some(watched) = self.views.get_mut(channel).filter(|own| own.is_live) else {
            return;
        };
        let steps = if watched.view.is_counted() {
            let whole = ChannelPresence {
                count,
                ..ChannelPresence::default()
            };
            watched.view.set(OWN, 0, &whole)
        } else {
            let step = watched.view.edge(OWN, u64::MAX, edge);
            step.into_iter().collect()
        };
        self.show(channel, steps).await;
    }

    /// Nobody watches any more.
    fn unwatch(&mut self, channel: &Channel) {
        self.opening.remove(channel);
        self.by_number.remove(channel);
        let watched = self.views.remove(channel);
        for (_asker, answered) in watched.into_iter().flat_map(|own| own.waiting) {
            let _gone = answered.send(false);
        }
    }

    /// Takes the changes of another gateway.
    pub(super) async fn take_changes(&mut self, of: u32, changes: &PresenceChanges) {
        let counter = changes.counter;
        for edge in &changes.edges {
            let Some((channel, watched)) = self.live(&edge.channel) else {
                continue;
            };
            let step = watched.view.edge(of, counter, edge);
            self.show(&channel, step.into_iter().collect()).await;
        }
        for whole in &changes.channels {
            if let Some((channel, watched)) = self.live(&whole.channel) {
                let steps = watched.view.set(of, counter, whole);
                self.show(&channel, steps).await;
            }
        }
    }

    pub(super) fn live(&mut self, name: &str) -> Option<(Channel, &mut Watched)> {
        let (channel, _) = self.views.get_key_value(name)?;
        let channel = channel.clone();
        let watched = self.views.get_mut(name)?;
        watched.is_live.then_some((channel, watched))
    }

    /// Nobody is present by a gateway any more.
    pub(super) async fn forget(&mut self, of: u32) {
        let mut left: Vec<(Channel, Vec<Step>)> = Vec::new();
        for (channel, watched) in &mut self.views {
            let steps = watched.view.forget(of);
            if !steps.is_empty() {
                left.push((channel.clone(), steps));
            }
        }
        for (channel, steps) in left {
            self.show(&channel, steps).await;
        }
    }

    /// Tells a channel's watchers what has changed, or that there are too many to tell.
    pub(super) async fn show(&mut self, channel: &Channel, steps: Vec<Step>) {
        let Some(watched) = self.views.get_mut(channel).filter(|own| own.is_live) else {
            return;
        };
        watched.view.bound(self.node.presence.users_max);
        let timestamp = self.node.timestamp();
        if !watched.view.is_counted() {
            let frames = steps.iter().map(|step| step.frame(channel, timestamp));
            let frames = frames.collect();
            return self.tell_watchers(channel, frames).await;
        }
        if watched.told.is_none() {
            watched.told = Some(watched.view.count());
            self.by_number.insert(channel.clone());
            self.show_state(channel).await;
        }
    }

    /// Tells a channel's watchers who is present, or how many.
    pub(super) async fn show_state(&mut self, channel: &Channel) {
        let Some(watched) = self.views.get(channel) else {
            return;
        };
        let answer = Answer::of(&watched.view, self.doubts(channel));
        let frame = answer.frame("presence", None, channel, self.node.timestamp());
        self.tell_watchers(channel, vec![frame]).await;
    }

    /// Whether a gateway has yet to tell who is present in `channel`.
    fn doubts(&self, channel: &Channel) -> bool {
        let mut peers = self.peers.values();
        peers.any(|peer| peer.doubtful.contains(channel))
    }

    async fn tell_watchers(&mut self, channel: &Channel, frames: Vec<Vec<u8>>) {
        let (slot, shards) = {
            let table = self.node.presence.table();
            let Some(attendance) = table.get(channel) else {
                return;
            };
            let shards: Vec<usize> = attendance.watchers.shards().collect();
            (attendance.slot, shards)
        };
        let now_ms = self.node.clock.now_ms();
        for frame in frames {
            let delivery = Delivery::of_presence(&frame, now_ms);
            let delivery = Arc::new(delivery);
            for shard in &shards {
                let input = Input::Present(slot, channel.clone(), Arc::clone(&delivery));
                self.node.shards[*shard].tell(input).await;
            }
        }
    }

    /// Answers a session, now or when the channel's view is there.
    pub(super) async fn present(&mut self, asker: Asker, answered: oneshot::Sender<bool>) {
        let Some(watched) = self.views.get_mut(&asker.channel) else {
            // Whoever asked may have gone.
            let _gone = answered.send(false);
            return;
        };
        if watched.is_live {
            self.answer(&asker).await;
            let _gone = answered.send(true);
        } else if watched.waiting.len() < WAITING {
            watched.waiting.push((asker, answered));
        }
    }

    pub(super) async fn answer(&mut self, asker: &Asker) {
        let Some(watched) = self.views.get(&asker.channel) else {
            return;
        };
        let answer = Answer::of(&watched.view, self.doubts(&asker.channel));
        let timestamp = self.node.timestamp();
        let text = answer.frame(
            "presence_response",
            asker.id.as_deref(),
            &asker.channel,
            timestamp,
        );
        let input = Input::Text(asker.seat.key, text);
        let shard = &self.node.shards[usize::from(asker.seat.shard)];
        shard.tell(input).await;
    }
}
