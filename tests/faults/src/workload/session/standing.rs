//! Where a client stands in each channel it reads.

use crate::{history::Channel, random::Random};
use std::time::Duration;
use tokio::time::Instant;

/// A channel and where the client stands in it.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) channel: Channel,
    /// What the client comes back with.
    pub(super) cursor: Option<String>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be subscribed once this time has come.
    Off(Instant),
    /// Asked for.
    Asked,
    Live,
    /// To be left.
    Leaving,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Standings {
    all: Vec<Standing>,
}

impl Standings {
    pub(super) fn new(channels: Vec<Channel>) -> Self {
        let standing = |channel| Standing {
            channel,
            cursor: None,
            state: State::Off(Instant::now()),
        };
        Self {
            all: channels.into_iter().map(standing).collect(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.all.iter()
    }

    pub(super) fn get(&mut self, channel: &str) -> Option<&mut Standing> {
        self.all.iter_mut().find(|own| &*own.channel == channel)
    }

    /// Whether nothing has to be asked for any more.
    pub(super) fn are_live(&self) -> bool {
        self.all.iter().all(|own| own.state == State::Live)
    }

    /// Nothing is subscribed any more.
    pub(super) fn disconnected(&mut self) {
        let now = Instant::now();
        for own in &mut self.all {
            own.state = State::Off(now);
        }
    }

    /// The next channel that is to be subscribed now; asked for from now on. `at_once`: whatever was planned.
    pub(super) fn next_to_ask(&mut self, at_once: bool) -> Option<&Standing> {
        let now = Instant::now();
        let due = |own: &&mut Standing| match own.state {
            State::Off(at) => at_once || at <= now,
            State::Asked | State::Live | State::Leaving => false,
        };
        let own = self.all.iter_mut().find(due)?;
        own.state = State::Asked;
        Some(own)
    }

    /// When the next one is to be subscribed.
    pub(super) fn next_ask_at(&self) -> Option<Instant> {
        let times = self.all.iter().filter_map(|own| match own.state {
            State::Off(at) => Some(at),
            State::Asked | State::Live | State::Leaving => None,
        });
        times.min()
    }

    /// One that is live, and is to be left.
    pub(super) fn leave_one(&mut self, random: &mut Random) -> Option<Channel> {
        let mut live: Vec<&mut Standing> = self
            .all
            .iter_mut()
            .filter(|own| own.state == State::Live)
            .collect();
        if live.is_empty() {
            return None;
        }
        let index = random.below(live.len());
        live[index].state = State::Leaving;
        Some(Channel::clone(&live[index].channel))
    }
}

impl Standing {
    /// The path subscribes it by itself.
    pub(super) const fn asked(&mut self) {
        self.state = State::Asked;
    }

    pub(super) const fn live(&mut self) {
        self.state = State::Live;
    }

    /// To be subscribed after a while.
    pub(super) fn off_for(&mut self, time: Duration) {
        self.state = State::Off(Instant::now() + time);
    }
}
