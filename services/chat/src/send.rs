//! Sends a message to a room.

use crate::{
    actor::Actor,
    core::Core,
    effect, find, key,
    line::{Draft, Placed},
    mark::{self, Mark},
    member::Member,
    mention,
    message::{Body, Message, Sender, once},
    metrics::Kind,
    pending::{Pending, Ticket, Work},
    room::{Action, Role, Room, Standing},
};
use fanfare_bus::kv::Expect;
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::{
    Channel, Cursor, ErrorCode,
    wire::{Entry, RoomTally},
};
use fanfare_service::{Flaw, problem, records};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Before each further attempt at what an entry asks for, when the first has found the store away.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) n: u64,
    pub(crate) cursor: Cursor,
}

/// How a message comes.
pub(crate) struct Request<'a> {
    pub(crate) room: &'a str,
    pub(crate) message: Message,
    /// Empty: not idempotent.
    pub(crate) client_id: &'a str,
    pub(crate) traceparent: &'a str,
}

/// Sends `request.message`; once, for each `client_id` of a user.
///
/// # Errors
///
/// What the sender may not, or must change; `unavailable` when the store is away: it may have been sent, and the same
/// `client_id` tells.
pub(crate) async fn send(
    core: &Arc<Core>,
    actor: &Actor,
    request: Request<'_>,
) -> Result<Sent, Problem> {
    let standing = core.allowed(request.room, actor, Action::Write).await?;
    let room = &standing.room.id;
    let channel = standing.room.channel()?;
    let message = &request.message;
    let mentioned = async {
        let candidates = message.candidates();
        mention::members(core, room, actor.user(), &candidates).await
    };
    let (thread, mentions) =
        tokio::try_join!(thread(core, room, &channel, message.reply_to), mentioned)?;
    let known_as = once(actor, "message", request.client_id);
    slow_down(core, &standing, actor, known_as.as_deref()).await?;
    let sender = Sender {
        actor,
        client_id: request.client_id,
        now_ms: standing.now_ms,
        thread,
        mentions: &mentions,
        traceparent: request.traceparent,
    };
    let draft = Draft {
        entry: message.entry(&sender)?,
        msg_id: known_as,
        trace: trace::current(),
    };
    let has_effects = thread.is_some() || !mentions.is_empty();
    let placed = append(core, &standing.room, draft, has_effects).await?;
    if placed.appended.duplicate {
        check_same(core, &channel, placed.appended.position.n, message).await?;
    } else {
        core.meters.entries.of(Kind::Message).inc();
    }
    if let (Some(user), Some(tally)) = (actor.user(), placed.tally) {
        read_own(core, room, user, placed.appended.position.n, tally);
    }
    Ok(sent(core, &channel, &placed))
}

/// Appends `draft` to `room` and does what it asks for. What cannot be done now is done later: the entry stands, and
/// readers have it.
pub(crate) async fn append(
    core: &Arc<Core>,
    room: &Room,
    draft: Draft,
    has_effects: bool,
) -> Result<Placed, Problem> {
    let channel = room.channel()?;
    let ticket = match has_effects {
        true => Some(write_down(core, room, &channel).await?),
        false => None,
    };
    let entry = draft.entry.clone();
    let timer = core.meters.append_seconds.start_timer();
    let placed = core.lines.append(&channel, draft).await;
    timer.observe_duration();
    let placed = placed?;
    if let Some(ticket) = ticket {
        match apply(core, room, &channel, &placed, &entry).await {
            Ok(()) => ticket.done(core),
            Err(problem) => apply_later(core, room, &placed, entry, ticket, problem),
        }
    }
    Ok(placed)
}

/// The entry stands, and nobody waits any longer. Tries again while the store is away for a moment, as records that many
/// change at once are; after that, the sweep does it.
fn apply_later(
    core: &Arc<Core>,
    room: &Room,
    placed: &Placed,
    entry: Entry,
    ticket: Ticket,
    mut problem: Problem,
) {
    let (core, room, placed) = (Arc::clone(core), room.clone(), placed.clone());
    core.tasks.clone().spawn(async move {
        let Ok(channel) = room.channel() else { return };
        for pause in PAUSES {
            if problem.code() != ErrorCode::Unavailable.as_str() {
                break;
            }
            tokio::time::sleep(pause).await;
            match apply(&core, &room, &channel, &placed, &entry).await {
                Ok(()) => return ticket.done(&core),
                Err(again) => problem = again,
            }
        }
        core.meters.unfinished.inc();
        tracing::warn!(
            code = problem.code(),
            room = room.id,
            "the effects of an entry come later"
        );
    });
}

async fn write_down(core: &Core, room: &Room, channel: &Channel) -> Result<Ticket, Problem> {
    let end = core.lines.end(channel).await.map_err(problem::of_log)?;
    let ticket = Ticket::new()?;
    let pending = Pending {
        room: room.id.clone(),
        at_ms: core.clock.now_ms(),
        work: Work::Effects {
            after_n: end.head_n,
        },
    };
    core.records.commit(vec![ticket.op(&pending)]).await?;
    Ok(ticket)
}

/// Of a request that comes again, the entry that stands there counts.
async fn apply(
    core: &Arc<Core>,
    room: &Room,
    channel: &Channel,
    placed: &Placed,
    entry: &Entry,
) -> Result<(), Problem> {
    let n = placed.appended.position.n;
    if !placed.appended.duplicate {
        return effect::apply(core, &room.id, n, entry).await;
    }
    let record = core.handles.log.get(channel, n).await;
    match record.map_err(problem::of_log)? {
        Some(record) => effect::apply(core, &room.id, n, &effect::decode(&record)?).await,
        None => Ok(()),
    }
}

/// Refuses when the message `n`, which came with the same id before, says something else. Of one that is gone nobody can
/// tell.
async fn check_same(
    core: &Core,
    channel: &Channel,
    n: u64,
    message: &Message,
) -> Result<(), Problem> {
    let record = core.handles.log.get(channel, n).await;
    let Some(record) = record.map_err(problem::of_log)? else {
        return Ok(());
    };
    let body: Body = effect::read(&effect::decode(&record)?)?;
    let is_same = body.content == message.content
        && body.reply_to == message.reply_to
        && body.attachments == message.attachments;
    if is_same {
        return Ok(());
    }
    let why = "this client_id or Idempotency-Key was used for another message in the last 24 hours; use a new one";
    Err(Problem::new(ErrorCode::Conflict, why))
}

pub(crate) fn sent(core: &Core, channel: &Channel, placed: &Placed) -> Sent {
    let position = placed.appended.position;
    Sent {
        n: position.n,
        cursor: core.cursor(channel, position),
    }
}

/// The first message of the thread that a reply belongs to.
async fn thread(
    core: &Core,
    room: &str,
    channel: &Channel,
    reply_to: Option<u64>,
) -> Result<Option<u64>, Problem> {
    let Some(n) = reply_to else { return Ok(None) };
    let missing = || Flaw::bad("reply_to", "there is no such message in this room");
    let found = match find::message(core, room, channel, n).await {
        Ok(found) => found,
        Err(problem) if problem.code() == ErrorCode::NotFound.as_str() => {
            return Err(missing().into());
        }
        Err(problem) => return Err(problem),
    };
    let body = found.body.ok_or_else(missing)?;
    Ok(Some(body.thread.unwrap_or(n)))
}

/// That a user has sent a message, in slow mode.
#[derive(Clone, Serialize, Deserialize)]
struct Slow {
    until_ms: i64,
    /// Of the request, when it may come again.
    known_as: Option<String>,
}

/// In slow mode, a member sends one message in so many seconds. The same request again does not count.
async fn slow_down(
    core: &Core,
    standing: &Standing,
    actor: &Actor,
    known_as: Option<&str>,
) -> Result<(), Problem> {
    let Room {
        id, slow_seconds, ..
    } = &standing.room;
    let role = standing
        .member
        .as_ref()
        .and_then(|Member { role, .. }| *role);
    let (Some(user), true, Some(Role::Member)) = (actor.user(), *slow_seconds > 0, role) else {
        return Ok(());
    };
    let key = key::slow(id, user);
    let ttl_ms = slow_seconds.saturating_mul(1_000);
    let now_ms = standing.now_ms;
    let read = core.records.read::<Slow>(&key).await?;
    if let Some(slow) = read.value.filter(|slow| slow.until_ms > now_ms) {
        return if known_as.is_some() && slow.known_as.as_deref() == known_as {
            Ok(())
        } else {
            Err(too_fast(*slow_seconds, slow.until_ms - now_ms))
        };
    }
    let slow = Slow {
        until_ms: now_ms.saturating_add_unsigned(ttl_ms),
        known_as: known_as.map(str::to_owned),
    };
    let expect: Expect = read.expect;
    let ops = vec![records::put_for(&key, &slow, expect, Some(ttl_ms))];
    if core.records.commit(ops).await? {
        Ok(())
    } else {
        Err(too_fast(
            *slow_seconds,
            i64::try_from(ttl_ms).unwrap_or(i64::MAX),
        ))
    }
}

fn too_fast(slow_seconds: u64, wait_ms: i64) -> Problem {
    let why = format!("the room is in slow mode: one message in {slow_seconds} s");
    Problem::new(ErrorCode::RateLimited, why).retry_after_ms(wait_ms.unsigned_abs())
}

/// Whoever sends has read what came before. Not waited for: when it is lost, his own message counts as unread.
fn read_own(core: &Arc<Core>, room: &str, user: &str, n: u64, tally: RoomTally) {
    let (core, room, user) = (Arc::clone(core), room.to_owned(), user.to_owned());
    core.tasks.clone().spawn(async move {
        if let Err(problem) = mark::advance(&core, &room, &user, &Mark::at(n, tally)).await {
            tracing::debug!(code = problem.code(), "a sender's mark stays behind");
        }
    });
}
