//! Who is a member of a room, and changes of that.

use crate::{
    actor::Actor,
    announce::{Announcement, RoomChange},
    audit::{self, Deed},
    core::Core,
    event, key,
    mark::{self, Mark},
    member::Member,
    mention,
    pending::Ticket,
    room::{self, Action, Kind, Role, Room, Standing, not_found},
};
use fanfare_bus::{
    KvError,
    kv::{Expect, Op},
};
use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, channel};
use fanfare_service::{Flaw, problem, records};
use serde::Serialize;
use std::sync::Arc;

/// Most attempts to change what others change meanwhile: everybody may join one room at once.
const TRIES: usize = 64;

/// Most rooms of one user: all of them are told when he connects.
pub(crate) const ROOMS_MAX: usize = 500;

/// One change of what a user is to a room.
pub(crate) struct Step {
    /// What he is then.
    pub(crate) member: Member,
    pub(crate) data: RoomChange,
    /// What his sessions are told, if anything.
    pub(crate) membership: Option<&'static str>,
    /// Nothing for the room's log.
    pub(crate) unlogged: bool,
    pub(crate) deed: Option<Deed>,
}

impl Step {
    /// `user` becomes `member`, as `change` says.
    pub(crate) fn new(change: &'static str, actor: &Actor, user: &str, member: Member) -> Self {
        Self {
            data: RoomChange {
                change: change.to_owned(),
                by: actor.by(),
                user: Some(user.to_owned()),
                name: (!member.name.is_empty()).then(|| member.name.clone()),
                role: member.role.map(|role| role.as_str().to_owned()),
                ..RoomChange::default()
            },
            member,
            membership: None,
            unlogged: false,
            deed: None,
        }
    }

    /// His sessions are told `what`.
    pub(crate) const fn telling(mut self, what: &'static str) -> Self {
        self.membership = Some(what);
        self
    }

    /// Moderators can look it up.
    pub(crate) fn audited(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }
}

/// Changes what `user` is to the room `id`, as `decide` says, which is asked again when others come between; `None`
/// changes nothing. Answers the room and what he is to it then.
///
/// # Errors
///
/// What `decide` refuses.
pub(crate) async fn step(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    user: &str,
    decide: impl Fn(&Standing, &Member) -> Result<Option<Step>, Problem>,
) -> Result<(Room, Member), Problem> {
    if !channel::is_id(user) {
        return Err(Flaw::bad("user", "is no user's id").into());
    }
    for _try in 0..TRIES {
        let standing = core.standing(id, actor).await?;
        let room = core.records.read::<Room>(&key::room(id)).await?;
        let target = core.records.read::<Member>(&key::member(id, user)).await?;
        let before = target.value.unwrap_or_default();
        let Some(step) = decide(&standing, &before).inspect_err(|_| core.meters.refusals.inc())?
        else {
            return Ok((standing.room, before));
        };
        let was = room.value.ok_or_else(not_found)?;
        let room_now = counted(&was, before.role, step.member.role);
        let joins = before.role.is_none() && step.member.role.is_some();
        if joins {
            check_rooms(core, user).await?;
        }
        let ticket = Ticket::new()?;
        let reads = may_read(&room_now, &step.member, standing.now_ms);
        let announcement = Announcement {
            at_ms: standing.now_ms,
            data: step.data.clone(),
            leaves: (!reads).then(|| user.to_owned()),
            membership: step.membership.map(str::to_owned),
            unlogged: step.unlogged,
        };
        let mut ops = vec![
            member_op(id, user, &step.member, target.expect, standing.now_ms),
            announcement.op(id, &ticket),
        ];
        if room_now != was {
            ops.push(records::put(&key::room(id), &room_now, room.expect));
        }
        ops.extend(list_op(id, user, before.role, &step.member));
        if let Some(deed) = &step.deed {
            ops.push(audit::op(core, id, deed)?);
        }
        if !core.records.commit(ops).await? {
            continue;
        }
        if joins {
            read_all(core, id, user).await?;
        }
        announcement.finish(core, id, ticket).await;
        return Ok((room_now, step.member));
    }
    Err(problem::of_kv(KvError::Conflict))
}

fn may_read(room: &Room, member: &Member, now_ms: i64) -> bool {
    let banned = member.banned_until_ms > now_ms;
    !banned && (member.role.is_some() || room.kind == Kind::Public)
}

/// The room with its members and owners counted anew.
fn counted(room: &Room, before: Option<Role>, after: Option<Role>) -> Room {
    let is_owner = |role: Option<Role>| u64::from(role == Some(Role::Owner));
    let is_member = |role: Option<Role>| u64::from(role.is_some());
    let members = (room.members + is_member(after)).saturating_sub(is_member(before));
    Room {
        members,
        owners: (room.owners + is_owner(after)).saturating_sub(is_owner(before)),
        // Nobody is left who could do it.
        archived: room.archived || (members == 0 && room.kind == Kind::Private),
        ..room.clone()
    }
}

fn member_op(id: &str, user: &str, member: &Member, expect: Expect, now_ms: i64) -> Op {
    let key = key::member(id, user);
    if member.is_nothing(now_ms) {
        records::delete(&key, expect)
    } else {
        records::put(&key, member, expect)
    }
}

fn list_op(id: &str, user: &str, before: Option<Role>, member: &Member) -> Vec<Op> {
    let key = key::room_of(user, id);
    match (before, member.role) {
        (None, Some(_)) => {
            let mut ops = vec![records::put(&key, &true, Expect::Any)];
            ops.extend(name_op(id, user, member));
            ops
        }
        (Some(_), None) => vec![records::delete(&key, Expect::Any)],
        _ => Vec::new(),
    }
}

/// The step by which a mention of a member's name finds him. It outlives his membership: who mentions him then is told
/// that he is none.
pub(crate) fn name_op(id: &str, user: &str, member: &Member) -> Option<Op> {
    let name = mention::name_key(&member.name)?;
    Some(records::put(&key::name(id, &name), &user, Expect::Any))
}

/// Whoever joins has read what was before.
async fn read_all(core: &Core, id: &str, user: &str) -> Result<(), Problem> {
    let channel = room::channel_of(id)?;
    let end = core.lines.end(&channel).await.map_err(problem::of_log)?;
    let to = Mark::at(end.head_n, end.tally);
    mark::advance(core, id, user, &to).await.map(drop)
}

/// Refuses when `user` has as many rooms as one can have.
pub(crate) async fn check_rooms(core: &Core, user: &str) -> Result<(), Problem> {
    let rooms = core
        .records
        .scan::<bool>(&key::rooms_of(user), None, ROOMS_MAX)
        .await?;
    if rooms.len() < ROOMS_MAX {
        return Ok(());
    }
    let why = format!("{user} is in {ROOMS_MAX} rooms, which is the most");
    Err(Problem::new(ErrorCode::Conflict, why))
}

/// A user joins by himself.
///
/// # Errors
///
/// `not_found` when the room is private and he is not invited.
pub(crate) async fn join(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
) -> Result<(Room, Member), Problem> {
    let user = as_user(actor)?;
    step(core, actor, id, user, |standing, before| {
        if before.role.is_some() {
            return Ok(None);
        }
        let is_invited = before.invited && before.banned_until_ms <= standing.now_ms;
        if !is_invited {
            standing.check(actor, Action::Read)?;
        }
        if standing.room.archived {
            return Err(Problem::new(ErrorCode::Forbidden, "the room is archived"));
        }
        let member = Member {
            role: Some(Role::Member),
            name: actor.name().to_owned(),
            joined_at_ms: standing.now_ms,
            invited: false,
            ..before.clone()
        };
        Ok(Some(
            Step::new("joined", actor, user, member).telling("joined"),
        ))
    })
    .await
}

/// A user leaves by himself.
///
/// # Errors
///
/// `conflict` when he is the last owner among others.
pub(crate) async fn leave(core: &Arc<Core>, actor: &Actor, id: &str) -> Result<(), Problem> {
    let user = as_user(actor)?;
    let left = step(core, actor, id, user, |standing, before| {
        standing.check(actor, Action::Read)?;
        let Some(role) = before.role else {
            return Ok(None);
        };
        check_direct(&standing.room)?;
        if standing.room.members > 1 {
            check_last_owner(&standing.room, role)?;
        }
        let member = Member {
            role: None,
            ..before.clone()
        };
        Ok(Some(Step::new("left", actor, user, member).telling("left")))
    });
    left.await.map(drop)
}

/// Puts `user` into the room or gives him another role; without the right to that, invites him.
///
/// # Errors
///
/// What `actor` may not.
pub(crate) async fn put(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    user: &str,
    role: Option<Role>,
) -> Result<(Room, Member), Problem> {
    step(core, actor, id, user, |standing, before| {
        match before.role {
            Some(known) => change_role(standing, actor, user, before, known, role),
            None if actor.user().is_none() => Ok(Some(add(standing, actor, user, before, role))),
            None => invite(standing, actor, user, before),
        }
    })
    .await
}

fn change_role(
    standing: &Standing,
    actor: &Actor,
    user: &str,
    before: &Member,
    known: Role,
    role: Option<Role>,
) -> Result<Option<Step>, Problem> {
    let Some(role) = role.filter(|role| *role != known) else {
        standing.check(actor, Action::Read)?;
        return Ok(None);
    };
    standing.check(actor, Action::ChangeRoles)?;
    check_last_owner(&standing.room, known)?;
    let member = Member {
        role: Some(role),
        ..before.clone()
    };
    let deed = Deed {
        user: Some(user.to_owned()),
        reason: Some(format!("{} to {}", known.as_str(), role.as_str())),
        ..Deed::new("role", actor, standing.now_ms)
    };
    let step = Step::new("role", actor, user, member).telling("role");
    Ok(Some(step.audited(deed)))
}

fn add(
    standing: &Standing,
    actor: &Actor,
    user: &str,
    before: &Member,
    role: Option<Role>,
) -> Step {
    let member = Member {
        role: Some(role.unwrap_or(Role::Member)),
        joined_at_ms: standing.now_ms,
        invited: false,
        ..before.clone()
    };
    Step::new("joined", actor, user, member).telling("joined")
}

fn invite(
    standing: &Standing,
    actor: &Actor,
    user: &str,
    before: &Member,
) -> Result<Option<Step>, Problem> {
    standing.check(actor, Action::Invite)?;
    if before.banned_until_ms > standing.now_ms {
        return Err(Problem::new(ErrorCode::Conflict, "this user is banned"));
    }
    if before.invited {
        return Ok(None);
    }
    let member = Member {
        invited: true,
        ..before.clone()
    };
    let mut step = Step::new("invited", actor, user, member).telling("invited");
    step.unlogged = true;
    Ok(Some(step))
}

/// Takes `user` out of the room, or his invitation back.
///
/// # Errors
///
/// What `actor` may not; nobody removes one of his own rank.
pub(crate) async fn remove(
    core: &Arc<Core>,
    actor: &Actor,
    id: &str,
    user: &str,
) -> Result<(), Problem> {
    let removed = step(core, actor, id, user, |standing, before| {
        standing.check(actor, Action::Remove)?;
        if before.role.is_none() && !before.invited {
            return Ok(None);
        }
        check_rank(standing, actor, before)?;
        let member = Member {
            role: None,
            invited: false,
            ..before.clone()
        };
        let deed = Deed {
            user: Some(user.to_owned()),
            ..Deed::new("remove", actor, standing.now_ms)
        };
        let mut step = Step::new("removed", actor, user, member).telling("removed");
        step.unlogged = before.role.is_none();
        Ok(Some(step.audited(deed)))
    });
    removed.await.map(drop)
}

/// Nobody acts upon one of his own rank, or above.
pub(crate) fn check_rank(
    standing: &Standing,
    actor: &Actor,
    target: &Member,
) -> Result<(), Problem> {
    if actor.user().is_none() || target.role < standing.role(actor) {
        return Ok(());
    }
    Err(Problem::new(
        ErrorCode::Forbidden,
        "this member's role is not below yours",
    ))
}

fn check_direct(room: &Room) -> Result<(), Problem> {
    if room.kind == Kind::Direct {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "nobody leaves a direct room",
        ));
    }
    Ok(())
}

fn check_last_owner(room: &Room, role: Role) -> Result<(), Problem> {
    if role == Role::Owner && room.owners <= 1 {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "the last owner stays: make somebody else one first, or archive the room",
        ));
    }
    Ok(())
}

fn as_user(actor: &Actor) -> Result<&str, Problem> {
    actor.user().ok_or_else(|| {
        Problem::new(
            ErrorCode::Forbidden,
            "an API key is no member; put a user into the room instead",
        )
    })
}

/// The value of `data` in `room_membership`.
#[derive(Serialize)]
struct Membership<'a> {
    channel: String,
    change: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

/// Tells the sessions of `user` what he is to `room` now.
pub(crate) async fn tell(core: &Core, room: &Room, user: &str, change: &str, role: Option<Role>) {
    let data = Membership {
        channel: format!("room:{}", room.id),
        change,
        role: role.map(Role::as_str),
    };
    event::to_user(core, user, "room_membership", &data).await;
}

/// The members of a room by id, after the user `after`, at most `limit`.
pub(crate) async fn list(
    core: &Core,
    id: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Member)>, Problem> {
    let mut found = Vec::new();
    let mut after = after.map(str::to_owned);
    while found.len() < limit {
        let some = core
            .records
            .scan::<Member>(&key::members(id), after.as_deref(), limit)
            .await?;
        let is_last = some.len() < limit;
        after = some.last().map(|(user, _member)| user.clone());
        found.extend(
            some.into_iter()
                .filter(|(_user, member)| member.role.is_some()),
        );
        if is_last {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}
