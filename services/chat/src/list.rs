//! A user's rooms, as `/ws/chat` begins with them.

use crate::{
    actor::Actor,
    core::Core,
    effect, history, key,
    line::End,
    mark::{self, Counts},
    member::Member,
    members::ROOMS_MAX,
    room::{Kind, Role, Room, channel_of},
};
use fanfare_bus::log::Head;
use fanfare_http::Problem;
use fanfare_proto::{Channel, Cursor, wire::RoomTally};
use fanfare_service::{Flaw, hash, problem};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Rooms of one page.
pub(crate) const PAGE: usize = 100;
/// Last messages of one page, in bytes: it crosses the bus as one message of at most 1 MiB.
const PAGE_BYTES: usize = 512 * 1024;
/// Rooms looked at, at once.
const AT_ONCE: usize = 16;
/// Characters that stand for one room in a cursor.
const TAG: usize = 8;

/// One room as a member sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoomItem {
    #[serde(flatten)]
    pub(crate) counts: Counts,
    name: String,
    kind: Kind,
    role: Role,
    members: u64,
    archived: bool,
    /// Of a direct room, both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    /// Everything up to there is in this item.
    #[schema(value_type = String, example = "0000beef.42.12")]
    pub(crate) cursor: Cursor,
    /// The frame of the last message.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Box<RawValue>>,
}

/// Some of a user's rooms.
#[derive(Debug, Serialize)]
pub(crate) struct Rooms {
    pub(crate) rooms: Vec<RoomItem>,
    pub(crate) more: bool,
    /// What to ask for the rest with; empty: there is none.
    #[serde(skip)]
    pub(crate) next: String,
}

/// A room with its end.
struct Ended {
    id: String,
    channel: Channel,
    head: Head,
    end: End,
    /// Of the last entry.
    at_ms: i64,
}

/// A page of the rooms of `user`, those with the newest entries first. `after` is the `next` of the page before: it names
/// the rooms that are left, so none is missed because it has become newer meanwhile.
///
/// # Errors
///
/// The store is away; `after` is none of ours.
pub(crate) async fn rooms(core: &Core, user: &str, after: &str) -> Result<Rooms, Problem> {
    let mut ids = if after.is_empty() {
        newest_first(core, user).await?
    } else {
        left(core, user, after).await?
    };
    let mut rest = ids.split_off(ids.len().min(PAGE));
    let ended = ends(core, &ids).await?;
    let items = ended.iter().map(|ended| item(core, user, ended));
    let mut items: Vec<Option<RoomItem>> = stream::iter(items.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let fit = fit(&items);
    items.truncate(fit);
    rest.splice(..0, ids.split_off(fit));
    Ok(Rooms {
        rooms: items.into_iter().flatten().collect(),
        more: !rest.is_empty(),
        next: rest.iter().map(|id| tag(id)).collect(),
    })
}

/// How many of `items` one page holds by their last messages; one at least.
fn fit(items: &[Option<RoomItem>]) -> usize {
    let last = |item: &Option<RoomItem>| {
        item.as_ref()
            .and_then(|item| Some(item.last.as_ref()?.get().len()))
    };
    let mut bytes = 0;
    let fit = items.iter().take_while(|item| {
        bytes += last(item).unwrap_or_default();
        bytes <= PAGE_BYTES
    });
    fit.count().max(1).min(items.len())
}

/// What stands for a room in `next`: short enough for 400 of them in an address, and of two of a
/// user's rooms as good as never the same.
fn tag(id: &str) -> String {
    hash::hex_of(&[id.as_bytes()])[..TAG].to_owned()
}

/// The rooms that a `next` names and the user is still in, in its order.
async fn left(core: &Core, user: &str, next: &str) -> Result<Vec<String>, Problem> {
    let is_next = next.len() <= ROOMS_MAX * TAG
        && next.len().is_multiple_of(TAG)
        && next.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_next {
        return Err(Flaw::bad("cursor", "is none of a page before").into());
    }
    let mut known: HashMap<String, String> = rooms_of(core, user)
        .await?
        .into_iter()
        .map(|id| (tag(&id), id))
        .collect();
    let tags = (0..next.len()).step_by(TAG).map(|at| &next[at..at + TAG]);
    Ok(tags.filter_map(|tag| known.remove(tag)).collect())
}

async fn rooms_of(core: &Core, user: &str) -> Result<Vec<String>, Problem> {
    let prefix = key::rooms_of(user);
    let found = core.records.scan::<bool>(&prefix, None, ROOMS_MAX).await?;
    Ok(found.into_iter().map(|(id, _true)| id).collect())
}

async fn newest_first(core: &Core, user: &str) -> Result<Vec<String>, Problem> {
    let ids = rooms_of(core, user).await?;
    if ids.len() <= 1 {
        return Ok(ids);
    }
    let mut ended = ends(core, &ids).await?;
    ended.sort_by_key(|ended| std::cmp::Reverse(ended.at_ms));
    Ok(ended.into_iter().map(|ended| ended.id).collect())
}

async fn ends(core: &Core, ids: &[String]) -> Result<Vec<Ended>, Problem> {
    let channels: Result<Vec<Channel>, Problem> = ids.iter().map(|id| channel_of(id)).collect();
    let channels = channels?;
    let heads = core.handles.log.heads(&channels).await;
    let heads = heads.map_err(problem::of_log)?;
    let places = ids.iter().zip(channels).zip(heads);
    let reads = places.map(|((id, channel), head)| async move {
        let (end, at_ms) = end(core, &channel, head.last.n).await?;
        Ok::<_, Problem>(Ended {
            id: id.clone(),
            channel,
            head,
            end,
            at_ms,
        })
    });
    stream::iter(reads.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn end(core: &Core, channel: &Channel, head_n: u64) -> Result<(End, i64), Problem> {
    let at_end = |tally: RoomTally| End { head_n, tally };
    if head_n == 0 {
        return Ok((End::default(), 0));
    }
    let record = core.handles.log.get(channel, head_n).await;
    if let Some(record) = record.map_err(problem::of_log)?
        && let Some(tally) = effect::decode(&record)?.tally
    {
        return Ok((at_end(tally), record.stored_at_ms));
    }
    let tally = core.lines.tally_at(channel, head_n).await;
    Ok((at_end(tally.map_err(problem::of_log)?), 0))
}

/// `None` when he has just left.
async fn item(core: &Core, user: &str, ended: &Ended) -> Result<Option<RoomItem>, Problem> {
    let (room_key, id) = (key::room(&ended.id), &ended.id);
    let (room, member, mark, last) = tokio::try_join!(
        core.records.get::<Room>(&room_key),
        core.member(id, user),
        mark::load(core, id, user),
        history::frame(core, id, &ended.channel, ended.end.tally.last_message_n),
    )?;
    let role = member.and_then(|Member { role, .. }| role);
    let (Some(room), Some(role)) = (room, role) else {
        return Ok(None);
    };
    Ok(Some(RoomItem {
        counts: mark.counts(id, ended.end),
        name: room.name,
        kind: room.kind,
        role,
        members: room.members,
        archived: room.archived,
        users: room.pair,
        cursor: core.cursor(&ended.channel, ended.head.last),
        last,
    }))
}

/// Rooms by id, each with the role of whoever asks, and what to ask for the rest with.
type Found = (Vec<(Room, Option<Role>)>, Option<String>);

/// The public rooms after the id `after`, at most `limit`.
///
/// # Errors
///
/// The store is away.
pub(crate) async fn public(
    core: &Core,
    actor: &Actor,
    after: Option<&str>,
    limit: usize,
) -> Result<Found, Problem> {
    let ids = core.records.scan::<bool>(key::PUBLIC, after, limit + 1);
    let ids: Vec<String> = ids.await?.into_iter().map(|(id, _true)| id).collect();
    let next = (ids.len() > limit).then(|| ids[limit - 1].clone());
    let rooms = ids.iter().take(limit).map(|id| async move {
        let standing = core.standing(id, actor).await?;
        let role = actor.user().and(standing.role(actor));
        Ok::<_, Problem>((standing.room, role))
    });
    let rooms = stream::iter(rooms.collect::<Vec<_>>()).buffered(AT_ONCE);
    Ok((rooms.try_collect().await?, next))
}

/// All rooms after the id `after`, at most `limit`, for backends.
///
/// # Errors
///
/// The store is away.
pub(crate) async fn all(core: &Core, after: Option<&str>, limit: usize) -> Result<Found, Problem> {
    let mut found = core
        .records
        .scan::<Room>(key::ROOMS, after, limit + 1)
        .await?;
    let next = (found.len() > limit).then(|| found[limit - 1].0.clone());
    found.truncate(limit);
    let rooms = found.into_iter().map(|(_id, room)| (room, None));
    Ok((rooms.collect(), next))
}
