//! What has come of messages after they were sent: edits, deletions, reactions, replies.
//!
//! The log says all of it; this says it beside the message, so that a page of history costs its own length however much
//! came later. Each change carries the ordinal of its entry, and applying one twice, or two in any order, comes to the
//! same.

use crate::{core::Core, key};
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, Timestamp};
use fanfare_service::Flaw;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Messages whose changes stand in one record: a page of 200 reads 14 of them at most.
const BLOCK: u64 = 16;
/// Records read at once.
pub(crate) const AT_ONCE: usize = 8;
/// Most reactions of one message, each a user with an emoji.
const REACTIONS: usize = 500;
/// Most edits of one message: when it is deleted, so are they.
const EDITS: usize = 100;
/// Most different emoji on one message.
const EMOJI: usize = 32;
/// Largest record that takes reactions, in bytes; a record holds 512 KiB, and edits and deletions must always fit.
const BLOCK_BYTES: usize = 384 * 1024;

/// The changes of some messages that stand next to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    messages: BTreeMap<u64, Later>,
}

/// What has come of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Later {
    /// Ordinals of its edits; the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted: Option<Deleted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replies: Option<Replies>,
}

/// What is left of a deleted message: its record is gone from the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) created_at_ms: i64,
    pub(crate) by: String,
    pub(crate) at_ms: i64,
    /// Of the entry that says so.
    pub(crate) n: u64,
}

/// What one user did last with one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reacted {
    emoji: String,
    user: String,
    n: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    off: bool,
}

/// The replies of a thread, at its first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replies {
    pub(crate) count: u64,
    pub(crate) last_n: u64,
}

/// One emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reaction<'a> {
    pub(crate) emoji: &'a str,
    pub(crate) count: usize,
    /// In the order in which they came.
    pub(crate) users: Vec<&'a str>,
}

impl Later {
    pub(crate) fn edit(&mut self, entry_n: u64) {
        if let Err(place) = self.edits.binary_search(&entry_n) {
            self.edits.insert(place, entry_n);
        }
    }

    /// Ordinals of its edits, in order.
    pub(crate) fn edits(&self) -> &[u64] {
        &self.edits
    }

    /// Whether it may be edited once more.
    pub(crate) fn takes_edit(&self) -> bool {
        self.edits.len() < EDITS
    }

    /// The first deletion counts.
    pub(crate) fn delete(&mut self, deleted: Deleted) {
        let is_first = |known: &Deleted| known.n <= deleted.n;
        if !self.deleted.as_ref().is_some_and(is_first) {
            self.deleted = Some(deleted);
        }
        self.reactions.clear();
    }

    pub(crate) fn react(&mut self, emoji: &str, user: &str, on: bool, entry_n: u64) {
        if self.deleted.is_some() {
            return;
        }
        let is_own = |known: &&mut Reacted| known.emoji == emoji && known.user == user;
        match self.reactions.iter_mut().find(is_own) {
            Some(known) if known.n < entry_n => {
                known.n = entry_n;
                known.off = !on;
            }
            Some(_later) => {}
            None => self.reactions.push(Reacted {
                emoji: emoji.to_owned(),
                user: user.to_owned(),
                n: entry_n,
                off: !on,
            }),
        }
    }

    pub(crate) fn replied(&mut self, replies: Replies) {
        if self.replies.is_none_or(|known| known.count < replies.count) {
            self.replies = Some(replies);
        }
    }

    /// The ordinal of the entry by which `user` reacts with `emoji` already.
    pub(crate) fn reacted(&self, emoji: &str, user: &str) -> Option<u64> {
        let is_own = |known: &&Reacted| known.emoji == emoji && known.user == user && !known.off;
        self.reactions.iter().find(is_own).map(|known| known.n)
    }

    /// By emoji, those that came first before others.
    pub(crate) fn reactions(&self) -> Vec<Reaction<'_>> {
        let mut on: Vec<&Reacted> = self.reactions.iter().filter(|known| !known.off).collect();
        on.sort_by_key(|known| known.n);
        let mut reactions: Vec<Reaction<'_>> = Vec::new();
        for reacted in on {
            let same = |known: &&mut Reaction<'_>| known.emoji == reacted.emoji;
            match reactions.iter_mut().find(same) {
                Some(known) => {
                    known.count += 1;
                    known.users.push(&reacted.user);
                }
                None => reactions.push(Reaction {
                    emoji: &reacted.emoji,
                    count: 1,
                    users: vec![&reacted.user],
                }),
            }
        }
        reactions
    }

    fn check_room(&self, emoji: &str) -> Result<(), Flaw> {
        let on = self.reactions.iter().filter(|known| !known.off);
        let different: BTreeSet<&str> = on.map(|known| known.emoji.as_str()).collect();
        let is_new = !different.contains(emoji);
        if self.reactions.len() >= REACTIONS || (is_new && different.len() >= EMOJI) {
            return Err(full());
        }
        Ok(())
    }
}

fn full() -> Flaw {
    Flaw::new(
        ErrorCode::Conflict,
        "",
        "this message has as many reactions as one can have",
    )
}

impl Block {
    /// What has come of message `n`.
    pub(crate) fn later(&self, n: u64) -> Later {
        self.messages.get(&n).cloned().unwrap_or_default()
    }

    /// Refuses when message `n` takes no reaction with `emoji` any more.
    pub(crate) fn check_room(&self, n: u64, emoji: &str) -> Result<(), Flaw> {
        let bytes = serde_json::to_vec(self).map_or(0, |text| text.len());
        if bytes > BLOCK_BYTES {
            return Err(full());
        }
        self.later(n).check_room(emoji)
    }
}

/// The block with message `n` of `room`.
pub(crate) async fn block_of(core: &Core, room: &str, n: u64) -> Result<Block, Problem> {
    let found = core.records.get(&key::block(room, n / BLOCK)).await?;
    Ok(found.unwrap_or_default())
}

/// Changes what stands beside message `n`.
pub(crate) async fn change(
    core: &Core,
    room: &str,
    n: u64,
    apply: impl Fn(&mut Later),
) -> Result<(), Problem> {
    let key = key::block(room, n / BLOCK);
    let changed = core.records.update::<Block>(&key, |block| {
        let before = block.unwrap_or_default();
        let mut after = before.clone();
        apply(after.messages.entry(n).or_default());
        Ok((after != before).then_some(after))
    });
    changed.await.map(drop)
}

/// What has come of the messages from `first` to `last`.
pub(crate) async fn range(
    core: &Core,
    room: &str,
    first: u64,
    last: u64,
) -> Result<BTreeMap<u64, Later>, Problem> {
    let blocks = (first / BLOCK..=last / BLOCK).map(|block| {
        let key = key::block(room, block);
        async move { core.records.get::<Block>(&key).await }
    });
    let blocks: Vec<Option<Block>> = stream::iter(blocks).buffered(AT_ONCE).try_collect().await?;
    let messages = blocks
        .into_iter()
        .flatten()
        .flat_map(|block| block.messages);
    Ok(messages
        .filter(|(n, _later)| (first..=last).contains(n))
        .collect())
}

/// `by` and `at` of a deleted message, for readers.
#[derive(Serialize)]
pub(crate) struct DeletedView<'a> {
    by: &'a str,
    at: Timestamp,
}

impl Deleted {
    pub(crate) fn view(&self) -> DeletedView<'_> {
        DeletedView {
            by: &self.by,
            at: Timestamp::from_ms(self.at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deleted(n: u64) -> Deleted {
        Deleted {
            id: "x".to_owned(),
            user: "a".to_owned(),
            created_at_ms: 1,
            by: "a".to_owned(),
            at_ms: 2,
            n,
        }
    }

    #[test]
    fn changes_come_to_the_same_in_any_order_and_twice() {
        type Step = fn(&mut Later);
        let steps: [Step; 6] = [
            |later| later.edit(5),
            |later| later.edit(9),
            |later| later.react("👍", "a", true, 6),
            |later| later.react("👍", "a", false, 7),
            |later| later.react("👍", "b", true, 8),
            |later| {
                later.replied(Replies {
                    count: 2,
                    last_n: 4,
                });
            },
        ];
        let mut expected = Later::default();
        steps.iter().for_each(|step| step(&mut expected));
        for turn in 0..steps.len() {
            let mut later = Later::default();
            for at in 0..2 * steps.len() {
                steps[(at * 5 + turn) % steps.len()](&mut later);
            }
            assert_eq!(later.edits(), [5, 9]);
            assert_eq!(later.reactions(), expected.reactions());
            assert_eq!(later.reactions()[0].users, ["b"]);
            assert_eq!(later.replies, expected.replies);
        }
    }

    #[test]
    fn of_a_deleted_message_nothing_else_is_left() {
        let mut later = Later::default();
        later.react("👍", "a", true, 3);
        later.delete(deleted(4));
        later.react("🎉", "b", true, 5);
        later.delete(deleted(6));
        assert!(later.reactions().is_empty());
        assert_eq!(later.deleted.map(|deleted| deleted.n), Some(4));
    }

    #[test]
    fn reactions_of_a_message_are_bounded() {
        let mut block = Block::default();
        let later = block.messages.entry(1).or_default();
        for user in 0..REACTIONS as u64 {
            later.react("👍", &user.to_string(), true, user + 1);
        }
        assert!(block.check_room(1, "👍").is_err());
        assert!(block.check_room(2, "👍").is_ok());
    }
}
