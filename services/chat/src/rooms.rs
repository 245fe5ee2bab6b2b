//! Makes rooms, and changes what they are.

use crate::{
    actor::Actor,
    announce::{self, Announcement, RoomChange},
    audit::{self, Deed},
    core::Core,
    key,
    mark::Mark,
    member::Member,
    members,
    pending::Ticket,
    room::{Action, Kind, NAME_CHARS, Role, Room, SLOW_SECONDS_MAX},
    step,
};
use fanfare_bus::{
    KvError,
    kv::{Expect, Op},
};
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, channel};
use fanfare_service::{Flaw, hash, problem, records};
use std::sync::Arc;

/// Most attempts to change a room that others change meanwhile.
const TRIES: usize = 16;

/// A room that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewRoom {
    /// Chosen by a backend; `None`: made up.
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Besides who makes it; of a direct room exactly those two.
    pub(crate) members: Vec<String>,
    /// Of the request, when it may come again: the same makes the same room.
    pub(crate) once: Option<Once>,
}

/// A request that may come again.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    pub(crate) key: String,
    /// Of everything it says.
    pub(crate) digest: String,
}

/// What of a room is to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoomPatch {
    pub(crate) name: Option<String>,
    pub(crate) archived: Option<bool>,
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

/// The id of the direct room of two users, in any order.
pub(crate) fn direct_id(one: &str, other: &str) -> String {
    let (first, second) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    format!(
        "d-{}",
        &hash::hex_of(&[first.as_bytes(), second.as_bytes()])[..32]
    )
}

/// Makes a room. Of a direct room that is there already, and of the same request again, the one that is there.
///
/// # Errors
///
/// `conflict` when there is another room with this id, or the request's key was used for another.
pub(crate) async fn create(core: &Arc<Core>, actor: &Actor, new: NewRoom) -> Result<Room, Problem> {
    let id = choose_id(actor, &new)?;
    let now_ms = core.clock.now_ms();
    let people = people(actor, &new)?;
    for (user, _role) in &people {
        members::check_rooms(core, user).await?;
    }
    let made_by = new.once.as_ref().map(|once| once.digest.clone());
    let room = Room {
        id,
        kind: new.kind,
        name: new.name,
        created_by: actor.by(),
        created_at_ms: now_ms,
        archived: false,
        slow_seconds: 0,
        members: people.len() as u64,
        owners: people
            .iter()
            .filter(|(_user, role)| *role == Role::Owner)
            .count() as u64,
        pair: if new.kind == Kind::Direct {
            people.iter().map(|(user, _role)| user.clone()).collect()
        } else {
            Vec::new()
        },
        made_by: made_by.unwrap_or_default(),
    };
    let ticket = Ticket::new()?;
    let announcement = Announcement {
        at_ms: now_ms,
        data: RoomChange {
            change: "created".to_owned(),
            by: actor.by(),
            name: (!room.name.is_empty()).then(|| room.name.clone()),
            ..RoomChange::default()
        },
        ..Announcement::default()
    };
    let mut ops = vec![
        records::put(&key::room(&room.id), &room, Expect::Absent),
        announcement.op(&room.id, &ticket),
    ];
    if room.kind == Kind::Public {
        ops.push(records::put(&key::public(&room.id), &true, Expect::Any));
    }
    for (user, role) in &people {
        ops.extend(member_ops(actor, &room, user, *role, now_ms));
    }
    if !core.records.commit(ops).await? {
        return known(core, actor, &room).await;
    }
    announcement.finish(core, &room.id, ticket).await;
    let channel = room.channel()?;
    for (user, role) in &people {
        announce::tell_membership(core, channel.name(), user, "joined", Some(role.as_str())).await;
    }
    Ok(room)
}

/// The room that was there first.
async fn known(core: &Core, actor: &Actor, wanted: &Room) -> Result<Room, Problem> {
    let known: Option<Room> = core.records.get(&key::room(&wanted.id)).await?;
    let known = known.ok_or_else(|| problem::of_kv(KvError::Conflict))?;
    let is_same = known.kind == Kind::Direct
        || (!wanted.made_by.is_empty()
            && known.made_by == wanted.made_by
            && known.created_by == actor.by());
    if is_same {
        return Ok(known);
    }
    let why = if wanted.made_by.is_empty() {
        "there is a room with this id already"
    } else {
        "this Idempotency-Key was used for another request, or there is a room with this id already"
    };
    Err(Problem::new(ErrorCode::Conflict, why))
}

fn choose_id(actor: &Actor, new: &NewRoom) -> Result<String, Problem> {
    if new.kind == Kind::Direct {
        let users: Vec<&str> = actor
            .user()
            .into_iter()
            .chain(new.members.iter().map(String::as_str))
            .collect();
        return match users[..] {
            [one, other] if one != other => Ok(direct_id(one, other)),
            _ => Err(Flaw::bad("members", "of a direct room are two users").into()),
        };
    }
    match (&new.id, &new.once) {
        (Some(_id), _) if actor.user().is_some() => {
            Err(Flaw::bad("id", "is chosen by backends only").into())
        }
        (Some(id), _) if channel::is_id(id) && !id.starts_with("d-") => Ok(id.clone()),
        (Some(_id), _) => Err(Flaw::bad(
            "id",
            "is 1 to 128 characters of A-Z a-z 0-9 _ - . @ : and does not begin with d-",
        )
        .into()),
        (None, Some(once)) => {
            let by = actor.by();
            let digest = hash::hex_of(&[by.as_bytes(), once.key.as_bytes()]);
            Ok(format!("r-{}", &digest[..32]))
        }
        (None, None) => Ok(format!("r-{}", hash::hex(&hash::random()?))),
    }
}

fn people(actor: &Actor, new: &NewRoom) -> Result<Vec<(String, Role)>, Problem> {
    let first = if new.kind == Kind::Direct {
        Role::Member
    } else {
        Role::Owner
    };
    let mut people: Vec<(String, Role)> = actor
        .user()
        .map(|user| (user.to_owned(), first))
        .into_iter()
        .collect();
    for user in &new.members {
        if !channel::is_id(user) {
            return Err(Flaw::bad("members", "must be ids of users").into());
        }
        if !people.iter().any(|(known, _role)| known == user) {
            people.push((user.clone(), Role::Member));
        }
    }
    Ok(people)
}

fn member_ops(actor: &Actor, room: &Room, user: &str, role: Role, now_ms: i64) -> Vec<Op> {
    let is_actor = actor.user() == Some(user);
    let member = Member {
        role: Some(role),
        name: if is_actor {
            actor.name().to_owned()
        } else {
            String::new()
        },
        joined_at_ms: now_ms,
        ..Member::default()
    };
    let mut ops = vec![
        records::put(&key::member(&room.id, user), &member, Expect::Any),
        records::put(&key::room_of(user, &room.id), &true, Expect::Any),
        records::put(&key::mark(&room.id, user), &Mark::default(), Expect::Any),
    ];
    ops.extend(step::name_op(&room.id, user, &member));
    ops
}

/// Changes what a room is; one step for each thing that changes.
///
/// # Errors
///
/// What `actor` may not.
pub(crate) async fn update(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    patch: RoomPatch,
) -> Result<Room, Problem> {
    let mut room = core.allowed(id, actor, Action::Read).await?.room;
    if let Some(name) = patch.name {
        let change = |room: &mut Room| room.name.clone_from(&name);
        room = one(core, actor, id, Action::Rename, "renamed", change).await?;
    }
    if let Some(seconds) = patch.slow_seconds {
        if seconds > SLOW_SECONDS_MAX {
            let why = format!("must be 0 to {SLOW_SECONDS_MAX}");
            return Err(Flaw::bad("slow_mode_seconds", why).into());
        }
        let change = |room: &mut Room| room.slow_seconds = seconds;
        room = one(core, actor, id, Action::SlowMode, "slow_mode", change).await?;
    }
    if let Some(archived) = patch.archived {
        let what = if archived { "archived" } else { "restored" };
        let change = |room: &mut Room| room.archived = archived;
        room = one(core, actor, id, Action::Archive, what, change).await?;
    }
    Ok(room)
}

async fn one(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    action: Action,
    what: &str,
    change: impl Fn(&mut Room),
) -> Result<Room, Problem> {
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
                change: what.to_owned(),
                by: actor.by(),
                name: (what == "renamed").then(|| room.name.clone()),
                seconds: (what == "slow_mode").then_some(room.slow_seconds),
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
