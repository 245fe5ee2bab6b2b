//! Another gateway: whether all its changes have come, and what is asked of it when one has not.

use fanfare_bus::GatewayId;
use fanfare_proto::{
    Channel,
    wire::{ChannelPresence, PresenceChanges, PresentUser},
};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// How long a change is kept, in case an answer comes that is older: answers take no longer.
const KEPT: Duration = Duration::from_secs(5);

/// Most changes kept; more in that time begin the asking anew.
const KEPT_MAX: usize = 1_024;

/// Before a gateway that has not answered is asked again.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: GatewayId,
    /// The last of its changes that has come.
    have: u64,
    /// The last of its changes, as it said at its last sign of life.
    told: u64,
    /// What it is to be asked about.
    pub(super) doubtful: BTreeSet<Channel>,
    /// Not asked again before this.
    pub(super) retry_at: Instant,
    /// It is being asked.
    pub(super) is_asked: bool,
    recent: VecDeque<(Instant, Arc<PresenceChanges>)>,
    /// It has said goodbye, and holds what it held until this.
    pub(super) leaves_at: Option<Instant>,
}

impl Peer {
    /// One that is heard for the first time, after so many changes.
    pub(super) fn new(id: GatewayId, changes: u64) -> Self {
        Self {
            id,
            have: changes,
            told: changes,
            doubtful: BTreeSet::new(),
            retry_at: Instant::now(),
            is_asked: false,
            recent: VecDeque::new(),
            leaves_at: None,
        }
    }

    /// Takes the counter of a change that has come; `false` when one before it has not.
    pub(super) fn follows(&mut self, counter: u64) -> bool {
        let follows = counter <= self.have + 1;
        self.have = self.have.max(counter);
        follows
    }

    /// Takes what a sign of life says of its changes; `false` when the last one was lost. Signs of life and changes may
    /// overtake one another, so it counts what the sign before said.
    pub(super) fn has_all(&mut self, changes: u64) -> bool {
        let has_all = self.have >= self.told;
        self.have = self.have.max(self.told);
        self.told = changes;
        has_all
    }

    /// Keeps a change for answers that are older; `false` when there are too many.
    pub(super) fn keep(&mut self, changes: Arc<PresenceChanges>) -> bool {
        let now = Instant::now();
        while let Some((at, _)) = self.recent.front()
            && *at + KEPT <= now
        {
            self.recent.pop_front();
        }
        self.recent.push_back((now, changes));
        let fits = self.recent.len() <= KEPT_MAX;
        if !fits {
            self.recent.pop_front();
        }
        fits
    }

    /// It has not answered.
    pub(super) fn retry_later(&mut self) {
        self.retry_at = Instant::now() + RETRY;
    }

    /// Brings what it held after the change `counter` up to its last change that has come; answers which that is.
    pub(super) fn bring_up(&self, held: &mut ChannelPresence, counter: u64) -> u64 {
        let mut upto = counter;
        let later = self.recent.iter().map(|(_at, changes)| changes);
        for changes in later.filter(|changes| changes.counter > counter) {
            upto = upto.max(changes.counter);
            apply(held, changes);
        }
        upto
    }
}

fn apply(held: &mut ChannelPresence, changes: &PresenceChanges) {
    for edge in changes
        .edges
        .iter()
        .filter(|own| own.channel == held.channel)
    {
        // Of those who are only counted, the number alone is known.
        let is_counted = held.users.len() as u64 != held.count;
        if is_counted {
            let count = held.count;
            held.count = if edge.joined {
                count + 1
            } else {
                count.saturating_sub(1)
            };
            continue;
        }
        held.users.retain(|own| own.user != edge.user);
        if edge.joined {
            held.users.push(PresentUser {
                user: edge.user.clone(),
                name: edge.name.clone(),
            });
        }
        held.count = held.users.len() as u64;
    }
    let wholes = changes.channels.iter();
    if let Some(whole) = wholes.rev().find(|own| own.channel == held.channel) {
        held.clone_from(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_proto::wire::PresenceEdge;

    fn peer() -> Peer {
        let id = GatewayId {
            node: "b".to_owned(),
            incarnation: 1,
        };
        Peer::new(id, 3)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_change_shows_by_the_next_or_by_the_second_sign_of_life() {
        let mut peer = peer();
        assert!(peer.follows(4));
        assert!(peer.follows(3), "late, but nothing is missing");
        assert!(!peer.follows(6));
        assert!(peer.follows(7));
        assert!(peer.has_all(8), "the change may be on its way");
        assert!(!peer.has_all(8));
        assert!(peer.has_all(8));
        assert!(peer.follows(9));
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_answer_is_brought_up_to_the_changes_that_came_before_it() {
        let mut peer = peer();
        let edge = |user: &str, joined| PresenceEdge {
            channel: "room:a".to_owned(),
            user: user.to_owned(),
            joined,
            ..PresenceEdge::default()
        };
        for (counter, edges) in [
            (4, vec![edge("ann", true)]),
            (5, vec![edge("bob", true), edge("ann", false)]),
        ] {
            let changes = PresenceChanges {
                counter,
                edges,
                ..PresenceChanges::default()
            };
            assert!(peer.keep(Arc::new(changes)));
        }
        let mut held = ChannelPresence {
            channel: "room:a".to_owned(),
            count: 1,
            users: vec![PresentUser {
                user: "ann".to_owned(),
                ..PresentUser::default()
            }],
        };
        assert_eq!(peer.bring_up(&mut held, 4), 5);
        assert_eq!(held.users.len(), 1);
        assert_eq!((held.users[0].user.as_str(), held.count), ("bob", 1));
        tokio::time::advance(KEPT).await;
        assert!(peer.keep(Arc::default()));
        assert_eq!(peer.recent.len(), 1, "older ones are forgotten");
    }
}
