//! One change of what a user is to a room: decided, written down with everything that follows from it, and told.

use crate::{
    actor::Actor,
    announce::{Announcement, RoomChange},
    audit::{self, Deed},
    core::Core,
    key,
    mark::{self, Mark},
    member::Member,
    members, mention,
    pending::Ticket,
    room::{self, Kind, Role, Room, Standing, not_found},
};
use fanfare_bus::{
    KvError,
    kv::{Expect, Op},
};
use fanfare_http::Problem;
use fanfare_proto::channel;
use fanfare_service::{Flaw, problem, records};
use std::sync::Arc;

/// Most attempts to change what others change meanwhile: everybody may join one room at once.
const TRIES: usize = 64;

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
        let mut standing = core.standing(id, actor).await?;
        let room = core.records.read::<Room>(&key::room(id)).await?;
        let target = core.records.read::<Member>(&key::member(id, user)).await?;
        // What is decided by is what the commit expects: of two owners who leave at once, one is the last.
        standing.room = room.value.ok_or_else(not_found)?;
        if actor.user() == Some(user) {
            standing.member.clone_from(&target.value);
        }
        let before = target.value.unwrap_or_default();
        let Some(step) = decide(&standing, &before).inspect_err(|_| core.meters.refusals.inc())?
        else {
            return Ok((standing.room, before));
        };
        let was = &standing.room;
        let room_now = counted(was, before.role, step.member.role);
        let joins = before.role.is_none() && step.member.role.is_some();
        if joins {
            members::check_rooms(core, user).await?;
            read_all(core, id, user).await?;
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
        if room_now != *was {
            ops.push(records::put(&key::room(id), &room_now, room.expect));
        }
        ops.extend(list_op(id, user, before.role, &step.member));
        if let Some(deed) = &step.deed {
            ops.push(audit::op(core, id, deed)?);
        }
        if !core.records.commit(ops).await? {
            continue;
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
    let is_left = members < room.members && members == 0;
    Room {
        members,
        owners: (room.owners + is_owner(after)).saturating_sub(is_owner(before)),
        // Nobody is left who could do it.
        archived: room.archived || (is_left && room.kind == Kind::Private),
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

/// Whoever joins has read what was before. Said before he joins: a mark of somebody who then does not is read by nobody.
async fn read_all(core: &Core, id: &str, user: &str) -> Result<(), Problem> {
    let channel = room::channel_of(id)?;
    let end = core.lines.end(&channel).await.map_err(problem::of_log)?;
    let to = Mark::at(end.head_n, end.tally);
    mark::advance(core, id, user, &to).await.map(drop)
}
