//! Edits, deletions and reactions: entries of the room's log that are about a message before them.

use crate::{
    actor::Actor,
    audit::{self, Deed},
    core::Core,
    find::{self, Found},
    line::Draft,
    mention,
    message::{self, once},
    metrics::Kind,
    overlay,
    room::{Action, Room},
    send::{self, Sent},
};
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::{
    ErrorCode, Timestamp,
    wire::{Entry, EntryType},
};
use fanfare_service::{Flaw, problem};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most characters of an emoji: a name between colons, or a long sequence.
const EMOJI_CHARS: usize = 32;

/// What is to become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Edit(String),
    Delete,
    React { emoji: String, on: bool },
}

/// The value of `data` in `edited`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EditBody {
    pub(crate) n: u64,
    pub(crate) content: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<String>,
    pub(crate) edited_at: String,
}

/// The value of `data` in `deleted`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeletionBody {
    pub(crate) n: u64,
    pub(crate) by: String,
    /// Of the message.
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) created_at_ms: i64,
}

/// The value of `data` in `reaction`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReactionBody {
    pub(crate) n: u64,
    pub(crate) emoji: String,
    pub(crate) user: String,
    pub(crate) on: bool,
}

/// Which message of which room.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) room: &'a str,
    pub(crate) n: u64,
    /// Empty: not idempotent.
    pub(crate) client_id: &'a str,
}

/// Changes a message. What is so already stays, and is answered with the entry that made it so.
///
/// # Errors
///
/// What the actor may not, or must change; `not_found` when there is no such message.
pub(crate) async fn change(
    core: &Arc<Core>,
    actor: &Actor,
    target: Target<'_>,
    change: Change,
) -> Result<Sent, Problem> {
    match change {
        Change::Edit(content) => edit(core, actor, target, &content).await,
        Change::Delete => delete(core, actor, target).await,
        Change::React { emoji, on } => react(core, actor, target, &emoji, on).await,
    }
}

async fn edit(
    core: &Arc<Core>,
    actor: &Actor,
    target: Target<'_>,
    content: &str,
) -> Result<Sent, Problem> {
    let content = message::content(content)?;
    let standing = core.allowed(target.room, actor, Action::Write).await?;
    let found = found(core, &standing.room, target.n).await?;
    let body = found.body.as_ref().ok_or_else(gone)?;
    if body.user != actor.by() {
        return Err(Problem::new(
            ErrorCode::Forbidden,
            "only who wrote a message edits it",
        ));
    }
    if !found.later.takes_edit() {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "this message was edited as often as one can be",
        ));
    }
    let candidates = mention::candidates(&content);
    let mentions = mention::members(core, &standing.room.id, actor.user(), &candidates).await?;
    let edit = EditBody {
        n: target.n,
        content,
        mentions,
        edited_at: Timestamp::from_ms(standing.now_ms).to_string(),
    };
    let entry = entry(EntryType::Edit, actor, standing.now_ms, &edit);
    let sent = append(core, &standing.room, actor, target, "edit", entry).await?;
    core.meters.entries.of(Kind::Edit).inc();
    Ok(sent)
}

async fn delete(core: &Arc<Core>, actor: &Actor, target: Target<'_>) -> Result<Sent, Problem> {
    let standing = core.allowed(target.room, actor, Action::Read).await?;
    let found = found(core, &standing.room, target.n).await?;
    let Some(body) = &found.body else {
        let n = found.later.deleted.as_ref().map_or(0, |deleted| deleted.n);
        return at(core, &standing.room, n).await;
    };
    let is_own = body.user == actor.by() && standing.role(actor).is_some();
    if !is_own {
        standing.check(actor, Action::DeleteOthers)?;
    }
    let deletion = DeletionBody {
        n: target.n,
        by: actor.by(),
        id: body.id.clone(),
        user: body.user.clone(),
        created_at_ms: found.created_at_ms,
    };
    if !is_own {
        let deed = Deed {
            user: Some(body.user.clone()),
            n: Some(target.n),
            ..Deed::new("delete", actor, standing.now_ms)
        };
        let ops = vec![audit::op(core, &standing.room.id, &deed)?];
        core.records.commit(ops).await?;
    }
    let entry = entry(EntryType::Deletion, actor, standing.now_ms, &deletion);
    let sent = append(core, &standing.room, actor, target, "delete", entry).await?;
    core.meters.entries.of(Kind::Deletion).inc();
    Ok(sent)
}

async fn react(
    core: &Arc<Core>,
    actor: &Actor,
    target: Target<'_>,
    emoji: &str,
    on: bool,
) -> Result<Sent, Problem> {
    check_emoji("content", emoji)?;
    let standing = core.allowed(target.room, actor, Action::Write).await?;
    let room = &standing.room;
    let found = found(core, room, target.n).await?;
    if found.body.is_none() {
        return Err(gone());
    }
    let user = actor.by();
    let reacted = found.later.reacted(emoji, &user);
    match (reacted, on) {
        (Some(n), true) => return at(core, room, n).await,
        (None, false) => return at(core, room, target.n).await,
        (None, true) => {
            let block = overlay::block_of(core, &room.id, target.n).await?;
            block.check_room(target.n, emoji)?;
        }
        (Some(_n), false) => {}
    }
    let reaction = ReactionBody {
        n: target.n,
        emoji: emoji.to_owned(),
        user,
        on,
    };
    let entry = entry(EntryType::Reaction, actor, standing.now_ms, &reaction);
    // What is taken back is another request, also under the same key.
    let what = if on { "react" } else { "unreact" };
    let sent = append(core, room, actor, target, what, entry).await?;
    core.meters.entries.of(Kind::Reaction).inc();
    Ok(sent)
}

fn gone() -> Problem {
    Problem::new(ErrorCode::NotFound, "this message was deleted")
}

async fn found(core: &Core, room: &Room, n: u64) -> Result<Found, Problem> {
    find::message(core, &room.id, &room.channel()?, n).await
}

fn entry(kind: EntryType, actor: &Actor, now_ms: i64, body: &impl Serialize) -> Entry {
    Entry {
        r#type: kind.into(),
        created_at_ms: now_ms,
        body: serde_json::to_vec(body).unwrap_or_default().into(),
        user: actor.by(),
        ..Entry::default()
    }
}

async fn append(
    core: &Arc<Core>,
    room: &Room,
    actor: &Actor,
    target: Target<'_>,
    what: &str,
    entry: Entry,
) -> Result<Sent, Problem> {
    let draft = Draft {
        entry,
        msg_id: once(actor, what, target.client_id),
        trace: trace::current(),
    };
    let placed = send::append(core, room, draft, true).await?;
    Ok(send::sent(core, &room.channel()?, &placed))
}

/// Where the entry `n` stands that is there already.
async fn at(core: &Core, room: &Room, n: u64) -> Result<Sent, Problem> {
    let channel = room.channel()?;
    let record = core.handles.log.get(&channel, n).await;
    let record = record.map_err(problem::of_log)?.ok_or_else(gone)?;
    Ok(Sent {
        n,
        cursor: core.cursor(&channel, record.position),
    })
}

/// Refuses what can be no emoji; `field` names it.
pub(crate) fn check_emoji(field: &str, emoji: &str) -> Result<(), Flaw> {
    let is_odd = |character: char| character.is_whitespace() || character.is_control();
    let fits = !emoji.is_empty() && emoji.chars().nth(EMOJI_CHARS).is_none();
    if fits && !emoji.contains(is_odd) {
        return Ok(());
    }
    Err(Flaw::bad(
        field,
        format!("must be an emoji of at most {EMOJI_CHARS} characters"),
    ))
}
