//! Changes what a room is.

use crate::{
    actor::Actor,
    announce::{Announcement, RoomChange},
    audit::{self, Deed},
    core::Core,
    key,
    pending::Ticket,
    room::{Action, NAME_CHARS, Room},
};
use fanfare_bus::KvError;
use fanfare_http::Problem;
use fanfare_service::{Flaw, problem, records};
use std::sync::Arc;

/// Most attempts to change a room that others change meanwhile.
const TRIES: usize = 16;

/// What of a room is to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    /// As [`check_name`] leaves it.
    pub(crate) name: Option<String>,
    pub(crate) archived: Option<bool>,
    /// At most [`SLOW_SECONDS_MAX`](crate::room::SLOW_SECONDS_MAX).
    pub(crate) slow_seconds: Option<u64>,
}

/// A name as it is kept.
///
/// # Errors
///
/// It is empty, too long, or holds control characters.
pub(crate) fn check_name(name: &str) -> Result<String, Flaw> {
    let name = name.trim();
    if name.is_empty() || name.chars().nth(NAME_CHARS).is_some() {
        let why = format!("must have 1 to {NAME_CHARS} characters");
        return Err(Flaw::bad("name", why));
    }
    if name.contains(char::is_control) {
        return Err(Flaw::bad("name", "must not hold control characters"));
    }
    Ok(name.to_owned())
}

/// Changes what a room is; one step for each thing that changes.
///
/// # Errors
///
/// What `actor` may not; nothing has changed then.
pub(crate) async fn update(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    patch: Patch,
) -> Result<Room, Problem> {
    let mut room = core.allowed(id, actor, Action::Read).await?.room;
    let wanted = [
        (patch.name.is_some(), Action::Rename),
        (patch.slow_seconds.is_some(), Action::SlowMode),
        (patch.archived.is_some(), Action::Archive),
    ];
    for (is_wanted, action) in wanted {
        if is_wanted {
            core.allowed(id, actor, action).await?;
        }
    }
    if let Some(name) = patch.name {
        let change = |room: &mut Room| room.name.clone_from(&name);
        let what = ("rename", "renamed");
        room = one(core, actor, id, Action::Rename, what, change).await?;
    }
    if let Some(seconds) = patch.slow_seconds {
        let change = |room: &mut Room| room.slow_seconds = seconds;
        let what = ("slow_mode", "slow_mode");
        room = one(core, actor, id, Action::SlowMode, what, change).await?;
    }
    if let Some(archived) = patch.archived {
        let what = if archived {
            ("archive", "archived")
        } else {
            ("restore", "restored")
        };
        let change = |room: &mut Room| room.archived = archived;
        room = one(core, actor, id, Action::Archive, what, change).await?;
    }
    Ok(room)
}

/// `what` is what a moderator did, and what readers are told.
async fn one(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    action: Action,
    what: (&str, &str),
    change: impl Fn(&mut Room),
) -> Result<Room, Problem> {
    let (what, told) = what;
    for _try in 0..TRIES {
        let standing = core.allowed(id, actor, action).await?;
        let read = core.records.read::<Room>(&key::room(id)).await?;
        let before = read.value.ok_or_else(crate::room::not_found)?;
        let mut room = before.clone();
        change(&mut room);
        if room == before {
            return Ok(room);
        }
        let ticket = Ticket::new()?;
        let announcement = Announcement {
            at_ms: standing.now_ms,
            data: RoomChange {
                change: told.to_owned(),
                by: actor.by(),
                name: (told == "renamed").then(|| room.name.clone()),
                seconds: (told == "slow_mode").then_some(room.slow_seconds),
                ..RoomChange::default()
            },
            ..Announcement::default()
        };
        let deed = Deed::new(what, actor, standing.now_ms);
        let ops = vec![
            records::put(&key::room(id), &room, read.expect),
            announcement.op(id, &ticket),
            audit::op(core, id, &deed)?,
        ];
        if core.records.commit(ops).await? {
            announcement.finish(core, id, ticket).await;
            return Ok(room);
        }
    }
    Err(problem::of_kv(KvError::Conflict))
}
