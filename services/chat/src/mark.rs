//! How far a member has read, and what is unread.

use crate::{
    actor::Actor,
    core::Core,
    event, key,
    line::End,
    members,
    room::{Action, channel_of},
};
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, wire::RoomTally};
use fanfare_service::problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most mentions that are remembered of one member and room; more are counted as so many.
const MENTIONS: usize = 100;

/// One member's mark, shared by all his devices. It only moves forwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Everything up to and including this entry is read.
    pub(crate) n: u64,
    /// Messages up to there.
    pub(crate) messages: u64,
    /// Messages after it that name him.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<u64>,
}

/// What is unread, as absolute numbers. Of two, the one with the larger `version` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RoomCounts)]
pub(crate) struct Counts {
    #[schema(example = "room:lobby")]
    pub(crate) channel: String,
    /// Everything up to and including this entry is read.
    pub(crate) read_n: u64,
    /// Messages after it.
    pub(crate) unread: u64,
    /// Those of them that name the user; at most 100.
    pub(crate) mentions: usize,
    /// Grows with every entry of the room, every mention and every step of the mark.
    pub(crate) version: u64,
}

impl Mark {
    /// A mark at the entry `n`, with which the room had come to `tally`.
    pub(crate) fn at(n: u64, tally: RoomTally) -> Self {
        Self {
            n,
            messages: tally.messages,
            mentions: Vec::new(),
        }
    }

    /// Moves to `to` if that is further.
    pub(crate) fn advance(&mut self, to: &Self) -> bool {
        if to.n <= self.n {
            return false;
        }
        self.n = to.n;
        self.messages = to.messages;
        self.mentions.retain(|n| *n > to.n);
        true
    }

    /// Remembers that message `n` names him.
    pub(crate) fn mention(&mut self, n: u64) -> bool {
        if n <= self.n || self.mentions.contains(&n) {
            return false;
        }
        self.mentions.push(n);
        self.mentions.sort_unstable();
        if self.mentions.len() > MENTIONS {
            self.mentions.remove(0);
        }
        true
    }

    /// What is unread in a room that ends at `end`.
    pub(crate) fn counts(&self, room: &str, end: End) -> Counts {
        let read = self.messages.max(end.tally.forgotten);
        Counts {
            channel: format!("room:{room}"),
            read_n: self.n,
            unread: end.tally.messages.saturating_sub(read),
            mentions: self.mentions.len(),
            // Whatever is read leaves fewer mentions than the mark has made steps.
            version: end.head_n + 2 * self.n + self.mentions.len() as u64,
        }
    }
}

/// The mark of `user`; at the beginning when there is none.
pub(crate) async fn load(core: &Core, room: &str, user: &str) -> Result<Mark, Problem> {
    let found = core.records.get(&key::mark(room, user)).await?;
    Ok(found.unwrap_or_default())
}

/// A member has read everything up to `n`; a number beyond the end means the end. Tells his sessions when that is news.
///
/// # Errors
///
/// What `actor` may not.
pub(crate) async fn read(
    core: &Core,
    actor: &Actor,
    room: &str,
    n: u64,
) -> Result<Counts, Problem> {
    let standing = core.allowed(room, actor, Action::Read).await?;
    let user = members::as_user(actor)?;
    if standing.role(actor).is_none() {
        let why = "join the room first";
        return Err(Problem::new(ErrorCode::Forbidden, why));
    }
    let channel = channel_of(room)?;
    let end = core.lines.end(&channel).await.map_err(problem::of_log)?;
    let n = n.min(end.head_n);
    let tally = if n == end.head_n {
        end.tally
    } else {
        let at = core.lines.tally_at(&channel, n).await;
        at.map_err(problem::of_log)?
    };
    let (mark, moved) = advance(core, room, user, &Mark::at(n, tally)).await?;
    let counts = mark.counts(room, end);
    if moved {
        event::to_user(core, user, "room_counts", &counts).await;
    }
    Ok(counts)
}

/// Moves the mark of `user` to `to` if that is further. Answers where it is then, and whether this call moved it.
pub(crate) async fn advance(
    core: &Core,
    room: &str,
    user: &str,
    to: &Mark,
) -> Result<(Mark, bool), Problem> {
    let mut moved = false;
    let key = key::mark(room, user);
    let mark = core.records.update::<Mark>(&key, |mark| {
        let mut mark = mark.unwrap_or_default();
        moved = mark.advance(to);
        Ok(moved.then_some(mark))
    });
    let mark = mark.await?.unwrap_or_default();
    Ok((mark, moved))
}

/// Remembers that message `n` names `user`. Answers what is unread then, when that is news.
pub(crate) async fn mention(
    core: &Core,
    room: &str,
    user: &str,
    n: u64,
) -> Result<Option<Mark>, Problem> {
    let mut news = false;
    let key = key::mark(room, user);
    let mark = core.records.update::<Mark>(&key, |mark| {
        let mut mark = mark.unwrap_or_default();
        news = mark.mention(n);
        Ok(news.then_some(mark))
    });
    let mark = mark.await?;
    Ok(mark.filter(|_mark| news))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(head_n: u64, messages: u64, forgotten: u64) -> End {
        let tally = RoomTally {
            messages,
            forgotten,
            last_message_n: head_n,
        };
        End { head_n, tally }
    }

    #[test]
    fn a_mark_moves_forwards_only_and_forgets_what_is_read() {
        let mut mark = Mark::default();
        assert!(mark.mention(3) && mark.mention(7) && !mark.mention(3));
        let to = Mark::at(5, end(5, 4, 0).tally);
        assert!(mark.advance(&to) && !mark.advance(&to));
        assert!(!mark.mention(2), "that is read");
        assert!(!mark.advance(&Mark::at(4, end(4, 3, 0).tally)));
        let counts = mark.counts("x", end(9, 7, 0));
        assert_eq!((counts.unread, counts.mentions, counts.read_n), (3, 1, 5));
        assert_eq!(counts.version, 20);
    }

    #[test]
    fn what_the_log_has_forgotten_is_not_unread() {
        let mark = Mark::at(5, end(5, 4, 0).tally);
        assert_eq!(mark.counts("x", end(22, 22, 20)).unread, 2);
    }
}
