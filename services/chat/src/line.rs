//! Appends to rooms, one after another, with the room's tally in each entry.
//!
//! The tally continues what the last entry says, so an append expects exactly the head that it was made for; of two
//! workers that append to one room at once, one reads again. Within a worker, whoever is next takes along all who wait:
//! a busy room costs a commit for many messages.

use fanfare_bus::{
    Log, LogError,
    log::{Append, Appended, Expect, Slice},
};
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::{
    Channel,
    trace::Context,
    wire::{Entry, EntryType, RoomTally},
};
use fanfare_service::problem;
use prost::Message as _;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Most entries of one atomic append: a broker's batch of a thousand messages has room for each one's id, and others get
/// between.
const TOGETHER: usize = 64;

/// Most rooms whose ends are remembered, some 300 bytes each. Those that nobody appends to are forgotten then.
const ROOMS: usize = 20_000;

/// Most attempts when other workers append to the same room at once.
const TRIES: usize = 64;

/// What is to be appended.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Without a tally.
    pub(crate) entry: Entry,
    /// The same id on the same room appends nothing again.
    pub(crate) msg_id: Option<String>,
    /// What it is part of: it may be appended for somebody else.
    pub(crate) trace: Option<Context>,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) appended: Appended,
    /// Of the room with this entry; of a duplicate it is not known.
    pub(crate) tally: Option<RoomTally>,
}

/// Where a room ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct End {
    pub(crate) head_n: u64,
    pub(crate) tally: RoomTally,
}

/// The rooms that this worker appends to.
pub(crate) struct Lines {
    log: Arc<dyn Log>,
    rooms: Mutex<HashMap<Channel, Arc<Line>>>,
}

/// One room's.
#[derive(Default)]
struct Line {
    waiting: Mutex<VecDeque<Waiting>>,
    /// As far as this worker knows; held by whoever appends.
    end: tokio::sync::Mutex<Option<End>>,
}

struct Waiting {
    draft: Draft,
    placed: oneshot::Sender<Result<Placed, LogError>>,
}

impl Lines {
    pub(crate) fn new(log: Arc<dyn Log>) -> Self {
        Self {
            log,
            rooms: Mutex::default(),
        }
    }

    /// Appends `draft` to `room`. With an id it may be repeated after an error; without one, an error leaves open whether
    /// it was appended.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may drop others that it has taken along; they are told `unavailable`.
    pub(crate) async fn append(&self, room: &Channel, draft: Draft) -> Result<Placed, Problem> {
        let line = self.line(room);
        let (placed, mut answer) = oneshot::channel();
        lock(&line.waiting).push_back(Waiting { draft, placed });
        let mut end = line.end.lock().await;
        // Whoever held the lock may have taken it along.
        let result = match answer.try_recv() {
            Ok(result) => result,
            Err(oneshot::error::TryRecvError::Closed) => Err(LogError::Unavailable),
            Err(oneshot::error::TryRecvError::Empty) => {
                self.append_waiting(room, &line, &mut end).await;
                drop(end);
                answer.await.unwrap_or(Err(LogError::Unavailable))
            }
        };
        result.map_err(problem::of_log)
    }

    /// Appends what waits until nothing does that came before this call.
    async fn append_waiting(&self, room: &Channel, line: &Line, end: &mut Option<End>) {
        let mut left = lock(&line.waiting).len();
        while left > 0 {
            let some: Vec<Waiting> = {
                let mut waiting = lock(&line.waiting);
                let count = waiting.len().min(TOGETHER);
                waiting.drain(..count).collect()
            };
            left = left.saturating_sub(some.len().max(1));
            let (drafts, answers): (Vec<Draft>, Vec<_>) = some
                .into_iter()
                .map(|waiting| (waiting.draft, waiting.placed))
                .unzip();
            let results = self.append_all(room, end, &drafts).await;
            for (answer, result) in answers.into_iter().zip(results) {
                // Whoever asked may have gone.
                let _gone = answer.send(result);
            }
        }
    }

    /// All at once; one by one when one of them stands there already, so that the others count on.
    async fn append_all(
        &self,
        room: &Channel,
        end: &mut Option<End>,
        drafts: &[Draft],
    ) -> Vec<Result<Placed, LogError>> {
        match self.append_once(room, end, drafts).await {
            Ok(placed) => placed.into_iter().map(Ok).collect(),
            Err(LogError::Conflict { .. }) if drafts.len() > 1 => {
                let mut results = Vec::with_capacity(drafts.len());
                for draft in drafts {
                    results.push(self.append_one(room, end, draft).await);
                }
                results
            }
            Err(LogError::Conflict { .. }) => {
                vec![self.append_one(room, end, &drafts[0]).await]
            }
            Err(error) => drafts.iter().map(|_draft| Err(error.clone())).collect(),
        }
    }

    async fn append_one(
        &self,
        room: &Channel,
        end: &mut Option<End>,
        draft: &Draft,
    ) -> Result<Placed, LogError> {
        for _try in 0..TRIES {
            let one = std::slice::from_ref(draft);
            match self.append_once(room, end, one).await {
                Err(LogError::Conflict { .. }) => {}
                Ok(placed) => return placed.into_iter().next().ok_or(LogError::Store),
                Err(error) => return Err(error),
            }
        }
        Err(LogError::Unavailable)
    }

    /// Forgets the end when it turns out not to be one.
    async fn append_once(
        &self,
        room: &Channel,
        end: &mut Option<End>,
        drafts: &[Draft],
    ) -> Result<Vec<Placed>, LogError> {
        let mut now = match end.take() {
            Some(known) => known,
            None => self.end(room).await?,
        };
        let mut appends = Vec::with_capacity(drafts.len());
        let mut tallies = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let expect = Expect::Head(now.head_n);
            now = now.after(draft.entry.r#type());
            let entry = Entry {
                tally: Some(now.tally),
                ..draft.entry.clone()
            };
            tallies.push(now.tally);
            appends.push(Append {
                channel: room.clone(),
                msg_id: draft.msg_id.clone(),
                expect,
                ttl_ms: None,
                payload: entry.encode_to_vec().into(),
                trace: draft.trace,
            });
        }
        // Each says itself what it is part of, and not whoever takes it along.
        let appended = trace::within(None, self.log.append_all(appends)).await?;
        let last_n = appended.last().map_or(0, |last| last.position.n);
        if last_n == now.head_n && appended.iter().all(|appended| !appended.duplicate) {
            *end = Some(now);
        }
        let placed = appended.into_iter().zip(tallies);
        Ok(placed
            .map(|(appended, tally)| Placed {
                tally: (!appended.duplicate).then_some(tally),
                appended,
            })
            .collect())
    }

    /// Where `room` ends, by the log.
    ///
    /// # Errors
    ///
    /// The log is away.
    pub(crate) async fn end(&self, room: &Channel) -> Result<End, LogError> {
        let heads = self.log.heads(std::slice::from_ref(room)).await?;
        let head_n = heads.first().map_or(0, |head| head.last.n);
        Ok(End {
            head_n,
            tally: self.tally_at(room, head_n).await?,
        })
    }

    /// The tally of `room` with its entry `n`, or with the last one before it that is still there.
    ///
    /// # Errors
    ///
    /// The log is away.
    pub(crate) async fn tally_at(&self, room: &Channel, n: u64) -> Result<RoomTally, LogError> {
        if n == 0 {
            return Ok(RoomTally::default());
        }
        let mut found = self.log.get(room, n).await?;
        if found.is_none() {
            let page = self.log.history(room, Slice::Before(n), 1).await?;
            found = page.records.into_iter().next_back();
        }
        let entry = found.and_then(|record| Entry::decode(record.payload).ok());
        // When all is gone by age, counting begins anew: each entry was one message at most.
        Ok(entry.and_then(|entry| entry.tally).unwrap_or(RoomTally {
            messages: n,
            forgotten: n,
            last_message_n: 0,
        }))
    }

    fn line(&self, room: &Channel) -> Arc<Line> {
        let mut rooms = lock(&self.rooms);
        if let Some(line) = rooms.get(room) {
            return Arc::clone(line);
        }
        if rooms.len() >= ROOMS {
            rooms.retain(|_room, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(rooms.entry(room.clone()).or_default())
    }
}

impl End {
    /// Where the room ends with one entry more.
    fn after(self, kind: EntryType) -> Self {
        let head_n = self.head_n + 1;
        let mut tally = self.tally;
        if kind == EntryType::Message {
            tally.messages += 1;
            tally.last_message_n = head_n;
        }
        Self { head_n, tally }
    }
}

/// Nothing is awaited under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
