//! What a user has read and archived. One small record, changed as a whole.

use super::ranges::Ranges;
use fanfare_proto::Channel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most ranges of one record, so that it stays under 400 KiB at 44 bytes each. A user would have to read 8,000
/// notifications out of order to get there; then the oldest unread one counts as read.
const RANGES_MAX: usize = 8_192;
/// Most channels of one record. Those of groups a user has left are forgotten first.
const CHANNELS_MAX: usize = 512;

/// The marks of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Which life of the log the ordinals belong to.
    epoch: u32,
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    read: Ranges,
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    archived: Ranges,
}

impl Marks {
    pub(crate) fn is_read(&self, n: u64) -> bool {
        self.read.contains(n)
    }

    pub(crate) fn is_archived(&self, n: u64) -> bool {
        self.archived.contains(n)
    }

    /// Everything up to here is read.
    pub(crate) fn read_upto(&self) -> u64 {
        self.read.upto()
    }
}

/// What to do with one notification, or with everything up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Read,
    /// Also takes it out of the archive, so that there is a way back.
    Unread,
    /// Out of the way, and read.
    Archive,
    /// It and everything before it.
    ReadUpTo,
}

/// The read state of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Grows by one with every change.
    pub(crate) revision: u64,
    /// Groups of the last token that was seen, for counts that are pushed without one.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    channels: BTreeMap<String, Marks>,
}

impl State {
    /// The marks of `channel`; those of another life of its log count for nothing.
    pub(crate) fn marks(&self, channel: &Channel, epoch: u32) -> Marks {
        self.channels
            .get(channel.name())
            .filter(|marks| marks.epoch == epoch)
            .cloned()
            .unwrap_or(Marks {
                epoch,
                ..Marks::default()
            })
    }

    /// Marks `n` of `channel`; `false` when that changes nothing.
    pub(crate) fn apply(&mut self, channel: &Channel, epoch: u32, n: u64, mark: Mark) -> bool {
        let before = self.marks(channel, epoch);
        let mut after = before.clone();
        match mark {
            Mark::Read => after.read.insert(n, n),
            Mark::ReadUpTo => after.read.insert(1, n),
            Mark::Unread => {
                after.read.remove(n);
                after.archived.remove(n);
            }
            Mark::Archive => {
                after.read.insert(n, n);
                after.archived.insert(n, n);
            }
        }
        let changed = after != before;
        if changed {
            self.channels.insert(channel.name().to_owned(), after);
        }
        changed
    }

    /// Keeps the record within its bounds. `own` are the channels the user reads now.
    pub(crate) fn compact(&mut self, own: &[Channel]) {
        while self.channels.len() > CHANNELS_MAX {
            let is_own = |name: &str| own.iter().any(|channel| channel.name() == name);
            let foreign = self.channels.keys().find(|name| !is_own(name)).cloned();
            let Some(name) = foreign.or_else(|| self.channels.keys().next().cloned()) else {
                return;
            };
            self.channels.remove(&name);
        }
        let mut total: usize = self.sets().map(|ranges| ranges.len()).sum();
        while total > RANGES_MAX {
            let Some(longest) = self.sets().max_by_key(|ranges| ranges.len()) else {
                return;
            };
            longest.fill_oldest_gap();
            total -= 1;
        }
    }

    fn sets(&mut self) -> impl Iterator<Item = &mut Ranges> {
        self.channels
            .values_mut()
            .flat_map(|marks| [&mut marks.read, &mut marks.archived])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> Channel {
        Channel::parse(name).unwrap()
    }

    #[test]
    fn marks_do_what_they_say() {
        let inbox = channel("user:7");
        let mut state = State::default();
        assert!(state.apply(&inbox, 1, 5, Mark::ReadUpTo));
        assert!(!state.apply(&inbox, 1, 5, Mark::Read));
        assert!(state.apply(&inbox, 1, 3, Mark::Unread));
        assert!(state.apply(&inbox, 1, 7, Mark::Archive));
        let marks = state.marks(&inbox, 1);
        let read: Vec<u64> = (1..9).filter(|n| marks.is_read(*n)).collect();
        assert_eq!(read, [1, 2, 4, 5, 7]);
        assert!(marks.is_archived(7) && !marks.is_archived(5));
        assert!(state.apply(&inbox, 1, 7, Mark::Unread));
        assert!(!state.marks(&inbox, 1).is_archived(7));
    }

    #[test]
    fn marks_of_another_life_of_the_log_count_for_nothing() {
        let inbox = channel("user:7");
        let mut state = State::default();
        state.apply(&inbox, 1, 5, Mark::ReadUpTo);
        assert!(!state.marks(&inbox, 2).is_read(5));
    }

    #[test]
    fn a_record_stays_small_whatever_is_marked() {
        let inbox = channel("user:7");
        let mut state = State::default();
        for n in 0..10_000 {
            state.apply(&inbox, 1, 2 * n + 2, Mark::Read);
            state.compact(std::slice::from_ref(&inbox));
        }
        for group in 0..600 {
            let group = channel(&format!("group:{group}"));
            state.apply(&group, 1, 9, Mark::Read);
        }
        state.compact(std::slice::from_ref(&inbox));
        let bytes = serde_json::to_vec(&state).unwrap().len();
        assert!(bytes < 400 * 1024, "{bytes}");
        let marks = state.marks(&inbox, 1);
        assert!(marks.is_read(3), "an old gap counts as read");
        assert!(!marks.is_read(19_999), "a new gap stays unread");
        assert!(marks.is_read(20_000));
    }

    #[test]
    fn a_record_of_an_older_version_is_read() {
        let state: State = serde_json::from_str(
            r#"{"revision":3,"later":1,"channels":{"all":{"epoch":1,"read":[[1,4]]}}}"#,
        )
        .unwrap();
        assert!(state.marks(&channel("all"), 1).is_read(4));
    }
}
