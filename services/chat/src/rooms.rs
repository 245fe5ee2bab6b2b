//! Makes rooms.

use crate::{
    actor::Actor,
    announce::{self, Announcement, RoomChange},
    core::Core,
    key,
    mark::Mark,
    member::Member,
    members,
    once::Once,
    pending::Ticket,
    room::{Kind, Role, Room},
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

/// Most attempts to make a room that others make meanwhile.
const TRIES: usize = 16;
/// Most users that a new room begins with: each takes four steps of a batch of a thousand, and a look at his rooms.
pub(crate) const MEMBERS: usize = 100;

/// A room that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewRoom {
    /// Chosen by a backend; `None`: made up.
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// At most [`MEMBERS`] besides who makes it; of a direct room exactly those two.
    pub(crate) members: Vec<String>,
    /// Of the request, when it may come again: the same makes the same room.
    pub(crate) once: Option<Once>,
}

/// A room that is there now.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) room: Room,
    /// It was not there before this request, or before the first of the same requests.
    pub(crate) is_new: bool,
}

/// Who is in a room from its beginning.
struct Person {
    user: String,
    /// `None`: he is invited.
    role: Option<Role>,
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

/// Makes a room; users whom a user names are invited to it. Of a direct room that is there already, and of the same
/// request again, the one that is there.
///
/// # Errors
///
/// `conflict` when there is another room with this id, the request's key came with another request, or somebody has as
/// many rooms as one can have.
pub(crate) async fn create(core: &Arc<Core>, actor: &Actor, new: NewRoom) -> Result<Made, Problem> {
    let people = people(actor, &new)?;
    let room = room_of(core, actor, &new, &people)?;
    for _try in 0..TRIES {
        if let Some(made) = known(core, &room, new.once.as_ref()).await? {
            return Ok(made);
        }
        if make(core, actor, &room, &people, new.once.as_ref()).await? {
            return Ok(Made { room, is_new: true });
        }
    }
    Err(problem::of_kv(KvError::Conflict))
}

fn room_of(core: &Core, actor: &Actor, new: &NewRoom, people: &[Person]) -> Result<Room, Problem> {
    let members = people.iter().filter(|person| person.role.is_some());
    let owners = people
        .iter()
        .filter(|person| person.role == Some(Role::Owner));
    Ok(Room {
        id: choose_id(actor, new)?,
        kind: new.kind,
        name: new.name.clone(),
        created_by: actor.by(),
        created_at_ms: core.clock.now_ms(),
        archived: false,
        slow_seconds: 0,
        members: members.count() as u64,
        owners: owners.count() as u64,
        pair: if new.kind == Kind::Direct {
            people.iter().map(|person| person.user.clone()).collect()
        } else {
            Vec::new()
        },
    })
}

/// The room that was there before.
async fn known(core: &Core, wanted: &Room, once: Option<&Once>) -> Result<Option<Made>, Problem> {
    if let Some(once) = once
        && let Some(first) = once.first(core).await?
    {
        let room: Option<Room> = core.records.get(&key::room(&first.room)).await?;
        let is_new = first.is_new;
        return Ok(room.map(|room| Made { room, is_new }));
    }
    let found: Option<Room> = core.records.get(&key::room(&wanted.id)).await?;
    let Some(room) = found else { return Ok(None) };
    if wanted.kind != Kind::Direct {
        let why = "there is a room with this id already";
        return Err(Problem::new(ErrorCode::Conflict, why));
    }
    if let Some(once) = once
        && !core.records.commit(vec![once.op(&room.id, false)]).await?
    {
        return Ok(None);
    }
    Ok(Some(Made {
        room,
        is_new: false,
    }))
}

/// `false` when there is such a room, or the same request has made one, meanwhile.
async fn make(
    core: &Arc<Core>,
    actor: &Actor,
    room: &Room,
    people: &[Person],
    once: Option<&Once>,
) -> Result<bool, Problem> {
    for person in people.iter().filter(|person| person.role.is_some()) {
        members::check_rooms(core, &person.user).await?;
    }
    let now_ms = room.created_at_ms;
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
        records::put(&key::room(&room.id), room, Expect::Absent),
        announcement.op(&room.id, &ticket),
    ];
    ops.extend(once.map(|once| once.op(&room.id, true)));
    if room.kind == Kind::Public {
        ops.push(records::put(&key::public(&room.id), &true, Expect::Any));
    }
    for person in people {
        ops.extend(member_ops(actor, room, person, now_ms));
    }
    if !core.records.commit(ops).await? {
        return Ok(false);
    }
    announcement.finish(core, &room.id, ticket).await;
    let channel = room.channel()?;
    for Person { user, role } in people {
        let change = if role.is_some() { "joined" } else { "invited" };
        let role = role.map(Role::as_str);
        announce::tell_membership(core, channel.name(), user, change, role).await;
    }
    Ok(true)
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
    match &new.id {
        Some(_id) if actor.user().is_some() => {
            Err(Flaw::bad("id", "is chosen by backends only").into())
        }
        Some(id) if channel::is_id(id) && !id.starts_with("d-") => Ok(id.clone()),
        Some(_id) => Err(Flaw::bad(
            "id",
            "is 1 to 128 characters of A-Z a-z 0-9 _ - . @ : and does not begin with d-",
        )
        .into()),
        None => Ok(format!("r-{}", hash::hex(&hash::random()?))),
    }
}

fn people(actor: &Actor, new: &NewRoom) -> Result<Vec<Person>, Problem> {
    let is_direct = new.kind == Kind::Direct;
    let maker = if is_direct { Role::Member } else { Role::Owner };
    // Nobody is put into rooms of others by a user but into his own conversation with him.
    let others = (is_direct || actor.user().is_none()).then_some(Role::Member);
    let mut people: Vec<Person> = Vec::with_capacity(new.members.len() + 1);
    people.extend(actor.user().map(|user| Person {
        user: user.to_owned(),
        role: Some(maker),
    }));
    for user in &new.members {
        if !channel::is_id(user) {
            return Err(Flaw::bad("members", "must be ids of users").into());
        }
        if !people.iter().any(|known| known.user == *user) {
            people.push(Person {
                user: user.clone(),
                role: others,
            });
        }
    }
    Ok(people)
}

fn member_ops(actor: &Actor, room: &Room, person: &Person, now_ms: i64) -> Vec<Op> {
    let Person { user, role } = person;
    let is_actor = actor.user() == Some(user);
    let member = Member {
        role: *role,
        name: if is_actor {
            actor.name().to_owned()
        } else {
            String::new()
        },
        joined_at_ms: if role.is_some() { now_ms } else { 0 },
        invited: role.is_none(),
        ..Member::default()
    };
    let mut ops = vec![records::put(
        &key::member(&room.id, user),
        &member,
        Expect::Any,
    )];
    if role.is_some() {
        ops.push(records::put(
            &key::room_of(user, &room.id),
            &true,
            Expect::Any,
        ));
        ops.push(records::put(
            &key::mark(&room.id, user),
            &Mark::default(),
            Expect::Any,
        ));
    }
    ops.extend(step::name_op(&room.id, user, &member));
    ops
}
