//! What the writer of a shard is asked to do.

use super::place::Place;
use crate::{
    error::LogError,
    log::{Append, Appended, Expect},
};
use fanfare_proto::{Channel, Position};
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

/// One record to append, once for all of its claims.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) append: Append,
    /// Subjects of which each may be taken once: whoever finds one taken is a duplicate.
    pub(super) claims: Vec<String>,
}

/// Something that is not a record.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The channel begins at `first_n`; what is left stands at or after `kept_seq`.
    Trim { first_n: u64, kept_seq: u64 },
    /// The record at `seq` is removed.
    Forget { seq: u64, before: Before },
}

/// The last record before one that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nobody has looked: it rarely matters, and costs a walk over what was removed before.
    Unknown,
    /// It stands there, and expires then; `None`: there is none.
    Is(Option<(u64, i64)>),
}

/// One thing to do, all of it or nothing.
#[derive(Debug)]
pub(super) enum Work {
    /// Appends records.
    Append {
        wishes: Vec<Wish>,
        answer: oneshot::Sender<Result<Vec<Appended>, LogError>>,
    },
    /// Makes a change and leaves a mark; the answer is the mark's sequence, or `None` when nothing has happened because
    /// [`Before::Unknown`] does not do.
    Mark {
        channel: Channel,
        change: Change,
        answer: oneshot::Sender<Result<Option<u64>, LogError>>,
    },
}

/// Work that waits for its turn.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    /// Until when it is tried.
    pub(super) until: Instant,
    /// Its share of what may wait.
    pub(super) _share: OwnedSemaphorePermit,
}

/// What became of one wish, once the posts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) n: u64,
    pub(super) place: Place,
    pub(super) duplicate: bool,
}

/// What becomes of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Appended(Vec<Granted>),
    Marked(Place),
    /// What [`Before`] says must be known first.
    Unsure,
    Conflict {
        head_n: u64,
    },
}

impl Wish {
    /// A record that needs nothing beside it.
    fn is_plain(&self) -> bool {
        self.claims.is_empty() && self.append.ttl_ms.is_none()
    }

    /// Messages it may need: itself, its claims, a mark behind it.
    fn posts(&self) -> usize {
        1 + self.claims.len() + usize::from(self.append.ttl_ms.is_some())
    }
}

impl Work {
    pub(super) fn channels(&self) -> impl Iterator<Item = &Channel> {
        let (wishes, marked) = match self {
            Self::Append { wishes, .. } => (wishes.as_slice(), None),
            Self::Mark { channel, .. } => (&[][..], Some(channel)),
        };
        wishes.iter().map(|wish| &wish.append.channel).chain(marked)
    }

    pub(super) fn wishes(&self) -> &[Wish] {
        match self {
            Self::Append { wishes, .. } => wishes,
            Self::Mark { .. } => &[],
        }
    }

    /// The channel of work that is one message alone, if nothing else is to be done on it.
    pub(super) fn lone_channel(&self) -> Option<&Channel> {
        match self.wishes() {
            [wish] if wish.is_plain() => Some(&wish.append.channel),
            _more => None,
        }
    }

    /// At most so many messages, and so many bytes of payload.
    pub(super) fn weight(&self) -> (usize, usize) {
        let wishes = self.wishes();
        let posts = wishes.iter().map(Wish::posts).sum::<usize>().max(1);
        let bytes = wishes.iter().map(|wish| wish.append.payload.len()).sum();
        (posts, bytes)
    }

    pub(super) fn refuse(self, error: LogError) {
        // Whoever asked may have gone.
        let _gone = match self {
            Self::Append { answer, .. } => answer.send(Err(error)).is_err(),
            Self::Mark { answer, .. } => answer.send(Err(error)).is_err(),
        };
    }

    /// Answers with `outcome`, where the first post stands at `base_seq`.
    pub(super) fn answer(self, outcome: &Outcome, base_seq: u64) {
        let _gone = match (self, outcome) {
            (work, Outcome::Conflict { head_n }) => {
                work.refuse(LogError::Conflict { head_n: *head_n });
                false
            }
            (Self::Append { answer, .. }, Outcome::Appended(granted)) => {
                let appended = granted.iter().map(|granted| Appended {
                    position: Position {
                        seq: granted.place.settled(base_seq).seq(),
                        n: granted.n,
                    },
                    duplicate: granted.duplicate,
                });
                answer.send(Ok(appended.collect())).is_err()
            }
            (Self::Mark { answer, .. }, Outcome::Marked(place)) => {
                let seq = place.settled(base_seq).seq();
                answer.send(Ok(Some(seq))).is_err()
            }
            (Self::Mark { answer, .. }, Outcome::Unsure) => answer.send(Ok(None)).is_err(),
            (work, _of_another) => {
                work.refuse(LogError::Store);
                false
            }
        };
    }
}

/// Whether a channel that stands at `head_n` is what `expect` says.
pub(super) fn meets(expect: Expect, head_n: u64) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Head(n) => n == head_n,
    }
}
