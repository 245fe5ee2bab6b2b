//! A user's rooms, as `/ws/chat` begins with them.

use crate::{
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
use fanfare_service::{Flaw, problem};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::value::RawValue;

/// Rooms of one page.
pub(crate) const PAGE: usize = 100;
/// Rooms looked at, at once.
const AT_ONCE: usize = 16;

/// One room as a member sees it.
#[derive(Debug, Serialize)]
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
    pub(crate) cursor: Cursor,
    /// The frame of the last message.
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
        let left: Result<Vec<String>, _> = serde_json::from_str(after);
        left.map_err(|_shape| Flaw::bad("after", "is none of a page before"))?
    };
    let rest = ids.split_off(ids.len().min(PAGE));
    let ended = ends(core, &ids).await?;
    let items = ended.iter().map(|ended| item(core, user, ended));
    let items: Vec<Option<RoomItem>> = stream::iter(items.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Rooms {
        rooms: items.into_iter().flatten().collect(),
        more: !rest.is_empty(),
        next: if rest.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&rest).unwrap_or_default()
        },
    })
}

async fn newest_first(core: &Core, user: &str) -> Result<Vec<String>, Problem> {
    let prefix = key::rooms_of(user);
    let found = core.records.scan::<bool>(&prefix, None, ROOMS_MAX).await?;
    let ids: Vec<String> = found.into_iter().map(|(id, _true)| id).collect();
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
