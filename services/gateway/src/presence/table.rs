//! Who is present by this node: exact, and what others are told of it.
//!
//! A user is present in a channel from his first session that reads it with presence until some time after his last, so
//! that a reconnect shows nothing. Who does not want to be shown watches, and is not present. Touched when such sessions come
//! and go, never by a delivery.

use super::view::Person;
use crate::channel::Readers;
use fanfare_proto::{
    Channel, limits,
    wire::{ChannelPresence, PresentUser},
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// A user's presence by this node has begun or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) channel: Channel,
    pub(super) person: Person,
    pub(super) joined: bool,
}

/// As many entries as there are pairs of a channel and a user who is present in it, and channels that are only watched.
#[derive(Debug)]
pub(super) struct Table {
    channels: HashMap<Channel, Attendance>,
    /// Channels that have begun to be watched, or are not any more, without anybody who is shown.
    turned: BTreeSet<Channel>,
    /// Not taken yet: two for each pair at most in each `leave`.
    edges: Vec<Edge>,
    /// Users without a session, by when they lost it: each pair once.
    leaving: VecDeque<(Instant, Channel, Box<str>)>,
    /// How long a user stays present without a session.
    leave: Duration,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Attendance {
    /// The channel's slot in the hub, while anybody reads it here.
    pub(super) slot: u32,
    /// Sessions that are told who comes and goes.
    pub(super) watchers: Readers,
    users: HashMap<Box<str>, Local>,
}

#[derive(Debug)]
struct Local {
    name: Box<str>,
    sessions: u32,
    /// When the last session went.
    left_at: Instant,
    /// Stands among those who leave.
    leaving: bool,
}

impl Table {
    pub(super) fn new(leave: Duration) -> Self {
        Self {
            channels: HashMap::new(),
            turned: BTreeSet::new(),
            edges: Vec::new(),
            leaving: VecDeque::new(),
            leave,
        }
    }

    /// A session of `user` reads `channel`, which is in the hub's `slot`, on `shard`.
    pub(super) fn began(
        &mut self,
        channel: &Channel,
        (slot, shard): (u32, u16),
        user: &str,
        name: &str,
    ) {
        let attendance = self.watched(channel, (slot, shard));
        if let Some(local) = attendance.users.get_mut(user) {
            local.sessions += 1;
            return;
        }
        let person = Person::new(user, cut(name));
        let local = Local {
            name: person.name.clone(),
            sessions: 1,
            left_at: Instant::now(),
            leaving: false,
        };
        attendance.users.insert(user.into(), local);
        self.edges.push(Edge {
            channel: channel.clone(),
            person,
            joined: true,
        });
    }

    /// A session of `user` on `shard` reads `channel` no more.
    pub(super) fn ended(&mut self, channel: &Channel, shard: u16, user: &str) {
        let Some(attendance) = self.channels.get_mut(channel) else {
            return;
        };
        attendance.watchers.remove(shard);
        let Some(local) = attendance.users.get_mut(user) else {
            return;
        };
        local.sessions = local.sessions.saturating_sub(1);
        if local.sessions > 0 {
            return;
        }
        local.left_at = Instant::now();
        if !std::mem::replace(&mut local.leaving, true) {
            let entry = (local.left_at, channel.clone(), user.into());
            self.leaving.push_back(entry);
        }
    }

    /// A session that is not shown reads `channel`, which is in the hub's `slot`, on `shard`.
    pub(super) fn began_unseen(&mut self, channel: &Channel, place: (u32, u16)) {
        if !self.channels.contains_key(channel) {
            self.turned.insert(channel.clone());
        }
        self.watched(channel, place);
    }

    /// A session on `shard` that is not shown reads `channel` no more.
    pub(super) fn ended_unseen(&mut self, channel: &Channel, shard: u16) {
        let Some(attendance) = self.channels.get_mut(channel) else {
            return;
        };
        attendance.watchers.remove(shard);
        if attendance.is_over() {
            self.channels.remove(channel);
            self.turned.insert(channel.clone());
        }
    }

    fn watched(&mut self, channel: &Channel, (slot, shard): (u32, u16)) -> &mut Attendance {
        let attendance = self
            .channels
            .entry(channel.clone())
            .or_insert_with(Attendance::new);
        attendance.slot = slot;
        attendance.watchers.add(shard);
        attendance
    }

    /// The channels that have begun to be watched since it was last asked, or are not any more: as they are now, and not
    /// those that an edge tells of.
    pub(super) fn take_turned(&mut self) -> BTreeSet<Channel> {
        std::mem::take(&mut self.turned)
    }

    /// What has happened since it was last asked, in order.
    pub(super) fn take_edges(&mut self) -> Vec<Edge> {
        let now = Instant::now();
        while let Some((at, _, _)) = self.leaving.front()
            && *at + self.leave <= now
        {
            if let Some((_, channel, user)) = self.leaving.pop_front() {
                self.leave(channel, user, now);
            }
        }
        std::mem::take(&mut self.edges)
    }

    /// Ends one user's presence, unless he has come back meanwhile.
    fn leave(&mut self, channel: Channel, user: Box<str>, now: Instant) {
        let Some(attendance) = self.channels.get_mut(&channel) else {
            return;
        };
        let Some(local) = attendance.users.get_mut(&user) else {
            return;
        };
        local.leaving = false;
        if local.sessions > 0 {
            return;
        }
        if local.left_at + self.leave > now {
            // He was back, and has gone again.
            local.leaving = true;
            self.leaving.push_back((local.left_at, channel, user));
            return;
        }
        let name = std::mem::take(&mut local.name);
        attendance.users.remove(&user);
        if attendance.is_over() {
            self.channels.remove(&channel);
        }
        self.edges.push(Edge {
            channel,
            person: Person { user, name },
            joined: false,
        });
    }

    /// Whether somebody will have left after some time.
    pub(super) fn is_waiting(&self) -> bool {
        !self.leaving.is_empty()
    }

    pub(super) fn get(&self, channel: &Channel) -> Option<&Attendance> {
        self.channels.get(channel)
    }

    /// Users present, each counted in every channel.
    pub(super) fn len(&self) -> usize {
        self.channels.values().map(|own| own.users.len()).sum()
    }

    /// Who is present in `channel` by this node: all, or more than `users_max` by their number only.
    pub(super) fn presence(&self, channel: &Channel, users_max: usize) -> ChannelPresence {
        let users = self.channels.get(channel).map(|own| &own.users);
        let count = users.map_or(0, HashMap::len);
        let listed = users.filter(|users| users.len() <= users_max);
        ChannelPresence {
            channel: channel.name().to_owned(),
            count: count as u64,
            users: listed
                .into_iter()
                .flatten()
                .map(|(user, local)| PresentUser {
                    user: user.to_string(),
                    name: local.name.to_string(),
                })
                .collect(),
        }
    }
}

impl Attendance {
    fn new() -> Self {
        Self {
            slot: 0,
            watchers: Readers::On { shard: 0, count: 0 },
            users: HashMap::new(),
        }
    }

    /// Nobody is present by this node, and nobody watches here.
    fn is_over(&self) -> bool {
        self.users.is_empty() && self.watchers.shards().next().is_none()
    }

    /// Users present by this node.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }
}

/// The beginning of a name that is too long.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(limits::PRESENT_NAME_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAVE: Duration = Duration::from_secs(3);

    fn room() -> Channel {
        Channel::parse("room:a").unwrap()
    }

    fn texts(edges: Vec<Edge>) -> Vec<String> {
        let text = |edge: Edge| {
            let sign = if edge.joined { '+' } else { '-' };
            format!("{sign}{}", edge.person.user)
        };
        edges.into_iter().map(text).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_session_joins_and_only_the_last_one_leaves_in_the_end() {
        let mut table = Table::new(LEAVE);
        table.began(&room(), (7, 0), "ann", "Ann");
        table.began(&room(), (7, 1), "ann", "Ann");
        assert_eq!(texts(table.take_edges()), ["+ann"]);
        table.ended(&room(), 0, "ann");
        tokio::time::advance(LEAVE).await;
        assert!(table.take_edges().is_empty(), "a session is left");
        table.ended(&room(), 1, "ann");
        tokio::time::advance(LEAVE - Duration::from_millis(1)).await;
        assert!(table.take_edges().is_empty());
        assert_eq!(table.presence(&room(), 10).count, 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(texts(table.take_edges()), ["-ann"]);
        assert!(table.get(&room()).is_none() && !table.is_waiting());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reconnect_shows_nothing_and_begins_the_wait_anew() {
        let mut table = Table::new(LEAVE);
        table.began(&room(), (7, 0), "ann", "");
        table.take_edges();
        for _reconnect in 0..5 {
            table.ended(&room(), 0, "ann");
            tokio::time::advance(LEAVE - Duration::from_millis(500)).await;
            table.began(&room(), (7, 1), "ann", "");
            table.ended(&room(), 1, "ann");
            assert!(table.take_edges().is_empty());
            assert_eq!(table.leaving.len(), 1);
            table.began(&room(), (7, 0), "ann", "");
        }
        table.ended(&room(), 0, "ann");
        tokio::time::advance(LEAVE - Duration::from_millis(1)).await;
        assert!(table.take_edges().is_empty(), "counted from the last end");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(texts(table.take_edges()), ["-ann"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_shown_watches_and_is_not_present() {
        let mut table = Table::new(LEAVE);
        let turned = |table: &mut Table| table.take_turned().into_iter().collect::<Vec<_>>();
        table.began_unseen(&room(), (7, 0));
        table.began_unseen(&room(), (7, 0));
        assert_eq!(turned(&mut table), [room()]);
        table.began(&room(), (7, 1), "ann", "Ann");
        assert_eq!(texts(table.take_edges()), ["+ann"]);
        assert_eq!(table.presence(&room(), 10).count, 1);
        table.ended(&room(), 1, "ann");
        tokio::time::advance(LEAVE).await;
        assert_eq!(texts(table.take_edges()), ["-ann"]);
        let watched = table.get(&room()).expect("it is still watched");
        assert_eq!(watched.watchers.shards().collect::<Vec<_>>(), [0]);
        table.ended_unseen(&room(), 0);
        assert!(turned(&mut table).is_empty(), "there is another");
        table.ended_unseen(&room(), 0);
        assert_eq!(turned(&mut table), [room()]);
        assert!(table.get(&room()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_somebody_leaves_while_another_watches_unseen_ends_with_the_last() {
        let mut table = Table::new(LEAVE);
        table.began(&room(), (7, 0), "ann", "Ann");
        table.began_unseen(&room(), (7, 0));
        table.ended(&room(), 0, "ann");
        table.ended_unseen(&room(), 0);
        assert!(table.take_turned().is_empty(), "ann's edge will tell");
        tokio::time::advance(LEAVE).await;
        assert_eq!(texts(table.take_edges()), ["+ann", "-ann"]);
        assert!(table.get(&room()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_so_many_are_counted_only() {
        let mut table = Table::new(LEAVE);
        for user in ["a", "b", "c"] {
            table.began(&room(), (7, 0), user, &"é".repeat(100));
        }
        let listed = table.presence(&room(), 3);
        assert_eq!((listed.count, listed.users.len()), (3, 3));
        assert_eq!(listed.users[0].name, "é".repeat(64));
        let counted = table.presence(&room(), 2);
        assert_eq!((counted.count, counted.users.len()), (3, 0));
        assert_eq!(table.len(), 3);
    }
}
