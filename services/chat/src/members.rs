//! Who is a member of a room, and changes of that.

use crate::{
    actor::Actor,
    audit::Deed,
    core::Core,
    key,
    member::Member,
    room::{Action, Kind, Role, Room, Standing},
    step::{Step, step},
};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;
use std::sync::Arc;

/// Most rooms of one user: all of them are told when he connects.
pub(crate) const ROOMS_MAX: usize = 500;

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
            None if actor.user().is_none() => add(standing, actor, user, before, role),
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
) -> Result<Option<Step>, Problem> {
    standing.check(actor, Action::Invite)?;
    check_banned(standing, before)?;
    let member = Member {
        role: Some(role.unwrap_or(Role::Member)),
        joined_at_ms: standing.now_ms,
        invited: false,
        ..before.clone()
    };
    let step = Step::new("joined", actor, user, member).telling("joined");
    Ok(Some(step))
}

fn check_banned(standing: &Standing, target: &Member) -> Result<(), Problem> {
    if target.banned_until_ms > standing.now_ms {
        return Err(Problem::new(ErrorCode::Conflict, "this user is banned"));
    }
    Ok(())
}

fn invite(
    standing: &Standing,
    actor: &Actor,
    user: &str,
    before: &Member,
) -> Result<Option<Step>, Problem> {
    standing.check(actor, Action::Invite)?;
    check_banned(standing, before)?;
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

/// The user who acts.
///
/// # Errors
///
/// It is a backend.
pub(crate) fn as_user(actor: &Actor) -> Result<&str, Problem> {
    actor.user().ok_or_else(|| {
        Problem::new(
            ErrorCode::Forbidden,
            "an API key is no member; put a user into the room instead",
        )
    })
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
