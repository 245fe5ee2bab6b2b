//! How the reading of a channel by a connection ends: by its own wish, with its connection, or because its user may not
//! read the channel any more.
//!
//! Nobody may slip through from the answer to a question about rights to the reading. Whoever takes a right away does so
//! first, and then asks every gateway to [expel](Shard::expel) the user. What his sessions have by then is one of these:
//!
//! - a frame, or a list of rooms, that is still to be asked for: the answer knows already;
//! - a list of rooms that is being asked for, whose answer may be older: it is not believed, and each of its rooms is asked
//!   about ([`Session::expelled`](crate::session::Session::expelled));
//! - a room of such a list that waits for its turn: it is taken out;
//! - a `subscribe` under way, whatever it was told: its call is given up. Its task may be running on another thread just
//!   then, and what it and the hub have said may stand in the shard's queue already. But a reading begins in the shard
//!   only, with an `Attach` or `AttachLive` that names its call, and only while the shard waits for that call: it does not
//!   any more. All that the task says later (`Begin`, `Replay`, `GoLive`) names a reading that there is not;
//! - a reading: it ends.
//!
//! All of it happens in one step of the shard, between two drains, so there is no moment between any two of these. A session
//! of the user that is not registered yet has asked for nothing yet.

use super::Shard;
use crate::{
    connection::Subscription,
    presence::Watch,
    seat::{Key, Reading},
    session::Refusal,
};
use fanfare_proto::{Channel, ErrorCode};
use tokio::sync::oneshot;

/// Ended readings that are remembered for the delivery trail. Older ones are forgotten.
const ENDED: usize = 32;

impl Shard {
    /// Ends the reading of a channel, when the drain has ended. A `subscribe` for it that is under way is given up.
    pub(super) fn leave_channel(&mut self, key: Key, channel: Channel) {
        let reads = self.reads(key, &channel);
        let words = "overtaken by a later frame for the same channel";
        // Of a channel that is read, the answer to the later frame says it all.
        let refusal = (!reads).then(|| Refusal::new(ErrorCode::Conflict, words));
        self.give_up(key, &channel, refusal.as_ref());
        self.leaving.push((key, channel));
    }

    /// The connection's user may not read `channel` any more: once `done` is told, nothing more of it is sent to him.
    pub(super) fn expel(&mut self, key: Key, channel: &Channel, done: oneshot::Sender<()>) {
        self.give_up(key, channel, Some(&ErrorCode::Forbidden.into()));
        self.leave_by_name(key, channel);
        self.turn(key, |session, turn| session.expelled(channel, turn));
        // Whoever asked may have gone.
        let _gone = done.send(());
    }

    /// Gives up every `subscribe` for `channel` that is under way, and answers their frames.
    fn give_up(&mut self, key: Key, channel: &Channel, refusal: Option<&Refusal>) {
        let Some(conn) = self.conn(key) else {
            return;
        };
        let given_up = conn
            .calls
            .as_mut()
            .map(|calls| calls.leave(channel))
            .unwrap_or_default();
        conn.calls.take_if(|calls| calls.is_empty());
        for id in given_up {
            self.turn(key, |session, turn| {
                session.call_ended();
                if let (Some(id), Some(refusal)) = (id, refusal) {
                    session.refuse(Some(&id), refusal, turn);
                }
            });
        }
    }

    /// Ends one reading; one that another has replaced has ended already.
    pub(super) fn detach(&mut self, reading: Reading) {
        if self.subscription(reading).is_some() {
            self.leave(reading.key, reading.channel);
        }
    }

    pub(super) fn leave_by_name(&mut self, key: Key, channel: &Channel) {
        if let Some(id) = self.named(key, channel).map(|own| own.channel) {
            self.leave(key, id);
        }
    }

    /// Ends whatever reading a connection has of a channel.
    pub(super) fn leave(&mut self, key: Key, channel: u32) {
        let now_ms = self.node.clock.now_ms();
        let Some(conn) = self.conn(key) else {
            return;
        };
        let of_channel = |own: &Subscription| own.channel == channel;
        let Some(at) = conn.subscriptions.iter().position(of_channel) else {
            return;
        };
        let subscription = conn.subscriptions.swap_remove(at);
        let conn = &self.conns[key.slot as usize];
        if let Some(coverage) = self.coverage(conn, &subscription, now_ms) {
            let ended = self.conns[key.slot as usize].ended.get_or_insert_default();
            if ended.len() == ENDED {
                ended.remove(0);
            }
            ended.push(coverage);
        }
        self.unlist(subscription);
    }

    /// Takes a subscription that its connection has no more from its channel's subscribers.
    pub(super) fn unlist(&mut self, subscription: Subscription) {
        let Subscription { channel, index, .. } = subscription;
        let Some(state) = self.channels.get_mut(channel) else {
            return;
        };
        let gone = state.subscribers.swap_remove(index as usize);
        if gone.watch != Watch::No
            && let Some(conn) = self.conns.get(gone.slot as usize)
        {
            let user = conn.session.user();
            let shown = user.filter(|_| gone.watch == Watch::Seen);
            let presence = &self.node.presence;
            presence.ended(&state.channel, self.index, shown);
        }
        if let Some(moved) = state.subscribers.get(index as usize)
            && let Some(conn) = self.conns.get_mut(moved.slot as usize)
            && let Some(own) = conn
                .subscriptions
                .iter_mut()
                .find(|own| own.channel == channel)
        {
            own.index = index;
        }
        if state.subscribers.is_empty() {
            self.channels.remove(channel);
        }
        self.node.hub.left(self.index, channel);
    }
}
