//! How the reading of a channel by a connection begins: live at once, or behind a replay.

use super::{
    Shard,
    subscriber::{ChannelState, Held, Late, Subscriber},
};
use crate::{
    call::Call,
    calls::{Brief, Subscribing},
    connection::{Connection, Phase, Subscription},
    delivery::Joined,
    frames,
    outbox::Parcel,
    presence::Watch,
    seat::{Key, Reading},
};
use fanfare_proto::{Channel, Position, wire::Coverage};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Shard {
    /// Asks the hub for a reading that is live at once, if `call` is a `subscribe` that has missed nothing and needs
    /// nobody's leave: most are, and this costs neither a task nor a place to hold deliveries. Otherwise, and when the hub
    /// has no room, it is the caller's again.
    pub(super) fn subscribe_live(&mut self, key: Key, call: Call) -> Option<Call> {
        let Some(channel) = call.subscribes_live() else {
            return Some(call);
        };
        let channel = channel.clone();
        let conn = self.conns.get_mut(key.slot as usize)?;
        let calls = conn.calls.get_or_insert_default();
        let number = calls.next();
        let hub = &self.node.hub;
        if !hub.attach_live(channel, self.index, key, number) {
            return Some(call);
        }
        calls.began(number, Brief::of(&call), None);
        None
    }

    /// A reading begins that is live at once.
    pub(super) fn attach_live(
        &mut self,
        number: u32,
        reading: Reading,
        channel: Channel,
        head: Position,
    ) {
        let Some((asked, more)) = self.awaited(reading.key, number) else {
            return self.node.hub.left(self.index, reading.channel);
        };
        let node = Arc::clone(&self.node);
        let (cursor, epoch) = (
            channel.is_stored().then_some(head),
            node.log.epoch(&channel),
        );
        let now_ms = node.clock.now_ms();
        let text = frames::subscribed(asked.id.as_deref(), &channel, epoch, cursor, false, now_ms);
        self.enlist(reading, channel, head, None);
        let watch = if asked.presence {
            Watch::Seen
        } else {
            Watch::No
        };
        self.begin(reading, head.n, text, watch);
        // The report for the last of them says everything.
        if !more && self.conn(reading.key).is_some() {
            node.reports.session(self.report(reading.key.slot, 0, 0));
        }
    }

    /// Takes the `subscribe` that waits under this number, and says whether others are under way.
    fn awaited(&mut self, key: Key, number: u32) -> Option<(Subscribing, bool)> {
        let conn = self.conn(key)?;
        let calls = conn.calls.as_mut()?;
        let asked = calls.subscribed(number)?;
        let more = calls.is_subscribing();
        conn.calls.take_if(|calls| calls.is_empty());
        conn.session.call_ended();
        Some((asked, more))
    }

    /// A reading begins that holds its deliveries. It ends at once when the call that it is for was given up meanwhile: the
    /// call's task may go on for a moment, and must not find a reading that nobody waits for.
    pub(super) fn attach(
        &mut self,
        number: u32,
        reading: Reading,
        channel: Channel,
        head: Position,
    ) {
        let calls = self.conn(reading.key).and_then(|conn| conn.calls.as_ref());
        if calls.is_some_and(|calls| calls.awaits(number)) {
            self.enlist(reading, channel, head, Some(Late::holding()));
        } else {
            self.node.hub.left(self.index, reading.channel);
        }
    }

    fn enlist(
        &mut self,
        reading: Reading,
        channel: Channel,
        head: Position,
        late: Option<Box<Late>>,
    ) {
        let Reading {
            channel: id,
            key,
            serial,
        } = reading;
        self.leave(key, id);
        if self.conn(key).is_none_or(|conn| conn.phase != Phase::Open) {
            return self.node.hub.left(self.index, id);
        }
        let system = &self.node.system;
        let state = self.channels.get_or_add(id, || {
            let watching = (!channel.is_stored()).then(|| system.watch());
            ChannelState::new(channel, head, watching)
        });
        let index = state.add(key.slot, late);
        let conn = &mut self.conns[key.slot as usize];
        conn.session.share_name(&state.channel);
        conn.subscriptions.reserve_exact(1);
        conn.subscriptions.push(Subscription {
            channel: id,
            index,
            serial,
            from_n: 0,
            replayed_n: 0,
            began: 0,
        });
    }

    /// Whether `channel` is being read, and the client knows it.
    pub(super) fn reads(&self, key: Key, channel: &Channel) -> bool {
        self.named(key, channel).is_some_and(|own| own.began > 0)
    }

    pub(super) fn named(&self, key: Key, channel: &Channel) -> Option<Subscription> {
        let conn = self.conns.get(key.slot as usize)?;
        let of_name = |own: &&Subscription| {
            self.channels
                .get(own.channel)
                .is_some_and(|state| state.channel == *channel)
        };
        (conn.generation == key.generation)
            .then(|| conn.subscriptions.iter().find(of_name).copied())
            .flatten()
    }

    /// The reading begins: the client is told, and what is replayed follows.
    pub(super) fn begin(&mut self, reading: Reading, from_n: u64, text: Vec<u8>, watch: Watch) {
        let now_ms = self.node.clock.now_ms();
        let Some(conn) = self.conn(reading.key) else {
            return;
        };
        let after_ms = now_ms.saturating_sub(conn.connected_at_ms).max(0);
        let began = u32::try_from(after_ms.saturating_add(1)).unwrap_or(u32::MAX);
        if let Some(own) = self.subscription(reading) {
            own.from_n = from_n;
            own.replayed_n = from_n;
            own.began = began;
            self.send_text(reading.key, text);
            self.watch(reading, watch);
            self.begun(reading);
        }
    }

    /// A session that begins by itself may wait for this reading.
    fn begun(&mut self, reading: Reading) {
        let starts = |conn: &mut Connection| conn.session.is_starting();
        if self.conn(reading.key).is_some_and(starts)
            && let Some(state) = self.channels.get(reading.channel)
        {
            let channel = state.channel.clone();
            self.turn(reading.key, |session, turn| {
                session.on_begun(&channel, turn);
            });
        }
    }

    /// From now on a reader is told who comes and goes, and shown itself, until the reading ends.
    fn watch(&mut self, reading: Reading, watch: Watch) {
        if watch == Watch::No {
            return;
        }
        // Its last words may have been the first that it did not take.
        let Some(index) = self.subscription(reading).map(|own| own.index) else {
            return;
        };
        let Some(state) = self.channels.get_mut(reading.channel) else {
            return;
        };
        let identity = self.conns[reading.key.slot as usize].session.identity();
        if let (Some(identity), Some(own)) = (identity, state.subscribers.get_mut(index as usize))
            && own.watch == Watch::No
        {
            own.watch = watch;
            let place = (reading.channel, self.index);
            let name = identity.name.as_deref().unwrap_or_default();
            let shown = (watch == Watch::Seen).then_some((identity.user.as_str(), name));
            self.node.presence.began(&state.channel, place, shown);
        }
    }

    /// Sends entries from the log; `done` is told once nothing waits for the client any more.
    pub(super) fn replay(&mut self, reading: Reading, parcel: &Parcel, done: oneshot::Sender<()>) {
        if self.subscription(reading).is_none() {
            return;
        }
        self.send(reading.key, parcel);
        self.when_drained(reading.key, done);
    }

    pub(super) fn replayed(&mut self, reading: Reading, n: u64) {
        if let Some(own) = self.subscription(reading) {
            own.replayed_n = n;
        }
    }

    /// Lets the held deliveries go. `None`: the reading has ended; `Some(Some(…))`: too much was held, replay up to
    /// there first.
    pub(super) fn go_live(&mut self, reading: Reading, have_n: u64) -> Option<Option<Position>> {
        let index = self.subscription(reading)?.index;
        let state = self.channels.get_mut(reading.channel)?;
        let last = state.last;
        let channel = state.channel.clone();
        let subscriber = state.subscribers.get_mut(index as usize)?;
        let late = subscriber.late.as_mut()?;
        late.have_n = have_n;
        let held = late.held.take()?;
        if held.overflowed {
            late.held = Some(Held::default());
            return Some(Some(last));
        }
        let news = late.news(&held.deliveries);
        if last.n >= have_n {
            subscriber.late = None;
        }
        let agreement = self.conn(reading.key).and_then(|conn| conn.agreement);
        let figures = Arc::clone(&self.node.figures);
        for parcel in Joined::new(&channel, &news, &figures).parcels(agreement) {
            self.send(reading.key, parcel);
        }
        // Of a start, the report for the last room says everything.
        if !self.conns[reading.key.slot as usize]
            .session
            .has_rooms_to_come()
        {
            self.node
                .reports
                .session(self.report(reading.key.slot, 0, 0));
        }
        Some(None)
    }

    pub(super) fn subscription(&mut self, reading: Reading) -> Option<&mut Subscription> {
        let is_own = |own: &&mut Subscription| {
            own.channel == reading.channel && own.serial == reading.serial
        };
        self.conn(reading.key)?
            .subscriptions
            .iter_mut()
            .find(is_own)
    }

    /// What was written of one channel; `None` before its reading has begun.
    pub(super) fn coverage(
        &self,
        conn: &Connection,
        subscription: &Subscription,
        left_at_ms: i64,
    ) -> Option<Coverage> {
        if subscription.began == 0 {
            return None;
        }
        let state = self.channels.get(subscription.channel)?;
        let is_live = state
            .subscribers
            .get(subscription.index as usize)
            .is_some_and(Subscriber::is_live);
        let live_n = if is_live { state.last.n } else { 0 };
        let pushed_n = subscription.replayed_n.max(live_n);
        let upto_n = match conn.link.first_unwritten(&state.channel) {
            Some(unwritten_n) => pushed_n.min(unwritten_n - 1),
            None => pushed_n,
        };
        Some(Coverage {
            channel: state.channel.name().to_owned(),
            from_n: subscription.from_n,
            replayed_n: subscription.replayed_n.min(upto_n),
            upto_n,
            at_ms: conn.connected_at_ms + i64::from(subscription.began) - 1,
            left_at_ms,
        })
    }
}
