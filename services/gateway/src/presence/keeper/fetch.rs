//! What is asked of other gateways: all of them when a channel's view begins, one when it may have been misheard.

use super::{
    super::{GATHER_WAIT, view::View},
    HERE_INTERVAL, Keeper,
    watched::OWN,
};
use fanfare_bus::{GatewayId, gateways::Heard};
use fanfare_proto::{
    Channel, limits, subject,
    wire::{PresenceReply, PresenceRequest},
};
use prost::Message as _;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long one gateway has to answer: less than its changes are kept for.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What others have answered.
pub(super) enum Fetched {
    /// All of them, about these channels.
    Opened(Vec<Channel>, Vec<PresenceReply>),
    /// One of them; `None`: not in time.
    Asked(u32, Option<PresenceReply>),
}

impl Keeper {
    pub(super) async fn fetched(&mut self, fetched: Fetched) {
        match fetched {
            Fetched::Opened(channels, replies) => self.opened(channels, replies).await,
            Fetched::Asked(of, reply) => self.told_again(of, reply).await,
        }
    }

    /// Asks all gateways about the channels that wait for it, unless they are being asked: the next time then covers
    /// whatever has come meanwhile.
    pub(super) fn open_some(&mut self) {
        if self.is_opening || self.opening.is_empty() {
            return;
        }
        self.is_opening = true;
        let channels = take_some(&mut self.opening);
        let is_alone = self.peers.is_empty() && self.began.elapsed() >= HERE_INTERVAL * 2;
        if is_alone {
            let fetched = std::future::ready(Fetched::Opened(channels, Vec::new()));
            return self.fetches.push(Box::pin(fetched));
        }
        let bus = Arc::clone(&self.node.bus);
        let expected = self.gateways.expected();
        self.fetches.push(Box::pin(async move {
            let subject = subject::GATEWAY_PRESENCE;
            let payload = request(&channels);
            let gathered = bus.gather(subject, payload.into(), GATHER_WAIT, expected);
            let answers = gathered.await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the gateways could not be asked who is present");
                Vec::new()
            });
            let decode = |bytes| PresenceReply::decode(bytes).ok();
            Fetched::Opened(channels, answers.into_iter().filter_map(decode).collect())
        }));
    }

    async fn opened(&mut self, channels: Vec<Channel>, replies: Vec<PresenceReply>) {
        self.is_opening = false;
        let replies: Vec<(u32, PresenceReply)> = replies
            .into_iter()
            .filter_map(|reply| Some((self.sender(&reply)?, reply)))
            .collect();
        for channel in channels {
            self.begin_view(&channel, &replies).await;
        }
    }

    /// The other gateway that has answered.
    fn sender(&mut self, reply: &PresenceReply) -> Option<u32> {
        let id = GatewayId {
            node: reply.node.clone(),
            incarnation: reply.incarnation,
        };
        if self.is_own(&id) {
            return None;
        }
        if self.gateways.sign_of_life(&id) == Heard::New {
            self.meet(id.clone(), reply.counter, true);
        }
        self.peer(&id).map(|(of, _)| of)
    }

    /// Begins the view of one channel, or begins it anew, with what all have answered.
    async fn begin_view(&mut self, channel: &Channel, replies: &[(u32, PresenceReply)]) {
        if !self.views.contains_key(channel) {
            return;
        }
        let mut view = View::new();
        view.set(OWN, 0, &self.own_whole(channel));
        let mut silent: BTreeSet<u32> = self.peers.keys().copied().collect();
        for (of, reply) in replies {
            let mut told = reply.channels.iter();
            let held = told.find(|own| own.channel == channel.name());
            if let (Some(held), Some(peer)) = (held, self.peers.get(of)) {
                let mut held = held.clone();
                let upto = peer.bring_up(&mut held, reply.counter);
                view.set(*of, upto, &held);
                silent.remove(of);
            }
        }
        for of in silent {
            if let Some(peer) = self.peers.get_mut(&of) {
                peer.doubtful.insert(channel.clone());
            }
        }
        view.bound(self.node.presence.users_max);
        let Some(watched) = self.views.get_mut(channel) else {
            return;
        };
        let named_again = !view.is_counted() && watched.told.take().is_some();
        watched.view = view;
        watched.is_live = true;
        let waiting = std::mem::take(&mut watched.waiting);
        if named_again {
            self.by_number.remove(channel);
            self.show_state(channel).await;
        }
        self.show(channel, Vec::new()).await;
        for (asker, answered) in waiting {
            self.answer(&asker).await;
            // Whoever asked may have gone.
            let _gone = answered.send(true);
        }
    }

    /// Asks each gateway that may have been misheard about some of the channels in doubt.
    pub(super) fn ask_doubtful(&mut self) {
        let now = Instant::now();
        let views = &self.views;
        for (of, peer) in &mut self.peers {
            if peer.doubtful.is_empty() || peer.is_asked || peer.retry_at > now {
                continue;
            }
            peer.doubtful.retain(|channel| views.contains_key(channel));
            let channels: Vec<Channel> = peer
                .doubtful
                .iter()
                .take(limits::PRESENCE_CHANNELS)
                .cloned()
                .collect();
            if channels.is_empty() {
                continue;
            }
            peer.is_asked = true;
            let bus = Arc::clone(&self.node.bus);
            let (of, subject) = (*of, subject::presence_of(&peer.id.node));
            self.fetches.push(Box::pin(async move {
                let payload = request(&channels);
                let answer = bus.request(&subject, payload.into(), ANSWER_WAIT).await;
                let reply = answer
                    .ok()
                    .and_then(|bytes| PresenceReply::decode(bytes).ok());
                Fetched::Asked(of, reply)
            }));
        }
    }

    /// One gateway has told as a whole what it holds, or has not.
    async fn told_again(&mut self, of: u32, reply: Option<PresenceReply>) {
        let Some(peer) = self.peers.get_mut(&of) else {
            return;
        };
        peer.is_asked = false;
        let is_its = |reply: &PresenceReply| {
            reply.node == peer.id.node
                && reply.incarnation == peer.id.incarnation
                && !reply.channels.is_empty()
        };
        let Some(reply) = reply.filter(is_its) else {
            return peer.retry_later();
        };
        for mut held in reply.channels {
            let Some(peer) = self.peers.get_mut(&of) else {
                return;
            };
            peer.doubtful.remove(held.channel.as_str());
            let upto = peer.bring_up(&mut held, reply.counter);
            // A view that has yet to begin has its own answers.
            if let Some((channel, watched)) = self.live(&held.channel) {
                let steps = watched.view.set(of, upto, &held);
                self.show(&channel, steps).await;
            }
        }
    }
}

fn request(channels: &[Channel]) -> Vec<u8> {
    let channels = channels.iter().map(|channel| channel.name().to_owned());
    PresenceRequest {
        channels: channels.collect(),
    }
    .encode_to_vec()
}

fn take_some(channels: &mut BTreeSet<Channel>) -> Vec<Channel> {
    std::iter::from_fn(|| channels.pop_first())
        .take(limits::PRESENCE_CHANNELS)
        .collect()
}
