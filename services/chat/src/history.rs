//! Pages of a room, with its messages as they are now.
//!
//! Edits, deletions and reactions are entries too, and no items: pages of the log are read until there are items enough,
//! a few at most, so a page costs the same wherever in a room it stands.

use crate::{
    actor::Actor,
    change::EditBody,
    core::Core,
    effect,
    overlay::{self, Deleted, DeletedView, Later, Reaction, Replies},
    room::Action,
    stretch::{self, Stretch},
};
use fanfare_bus::log::Slice;
use fanfare_http::Problem;
use fanfare_proto::{
    Channel, Timestamp, delivery,
    wire::{Entry, EntryType},
};
use fanfare_service::problem;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most pages of the log for one of history: where reactions come by the hundred, a page has fewer items.
const READS: usize = 4;
/// Fewest entries read at once.
const READ: usize = 64;
/// Edited texts read at once.
const EDITS_AT_ONCE: usize = 8;
/// Largest page, in bytes, but for one long item: it crosses the bus as one message of at most 1 MiB.
const PAGE_BYTES: usize = 512 * 1024;

/// Which part of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Latest,
    /// The newest below this ordinal.
    Before(u64),
    /// The oldest above it.
    After(u64),
    /// Half before, half from there on.
    Around(u64),
}

/// The value of `data` in `history_response`.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = MessagePage)]
pub(crate) struct Page {
    /// Whole frames, in the order of the room.
    #[schema(value_type = Vec<Object>)]
    pub(crate) items: Vec<Box<RawValue>>,
    /// There is more in the direction that was asked for; around a message, before the first item.
    pub(crate) more: bool,
    /// There is more after the last item.
    pub(crate) more_after: bool,
    /// What to ask for what comes before.
    pub(crate) before: u64,
    /// What to ask for what comes after.
    pub(crate) after: u64,
}

/// Most that a page holds; one item at least, unless no items are wanted.
#[derive(Clone, Copy)]
struct Bound {
    items: usize,
    bytes: usize,
}

impl Bound {
    /// Of the two sides of a place; the larger is the later.
    const fn halves(self) -> (Self, Self) {
        let items = self.items / 2;
        let bytes = self.bytes / 2;
        (
            Self { items, bytes },
            Self {
                items: self.items - items,
                bytes,
            },
        )
    }
}

/// One item.
struct Item {
    n: u64,
    frame: Box<RawValue>,
}

/// The page of `room` that `part` names, at most `limit` (≤ 200) items, fewer when they are long.
///
/// # Errors
///
/// What `actor` may not.
pub(crate) async fn page(
    core: &Core,
    actor: &Actor,
    room: &str,
    part: Part,
    limit: usize,
) -> Result<Page, Problem> {
    let standing = core.allowed(room, actor, Action::Read).await?;
    let channel = standing.room.channel()?;
    let bound = Bound {
        items: limit,
        bytes: PAGE_BYTES,
    };
    match part {
        Part::Latest => one_way(core, room, &channel, Slice::Latest, bound).await,
        Part::Before(n) => one_way(core, room, &channel, Slice::Before(n), bound).await,
        Part::After(n) => one_way(core, room, &channel, Slice::After(n), bound).await,
        Part::Around(n) => {
            let (before, after) = bound.halves();
            let from = Slice::After(n.saturating_sub(1));
            let (before, after) = tokio::try_join!(
                one_way(core, room, &channel, Slice::Before(n), before),
                one_way(core, room, &channel, from, after),
            )?;
            let mut items = before.items;
            items.extend(after.items);
            Ok(Page {
                items,
                more: before.more,
                more_after: after.more,
                before: before.before,
                after: after.after,
            })
        }
    }
}

async fn one_way(
    core: &Core,
    room: &str,
    channel: &Channel,
    slice: Slice,
    bound: Bound,
) -> Result<Page, Problem> {
    let limit = bound.items;
    let forwards = matches!(slice, Slice::After(_));
    let mut next = slice;
    let mut items: Vec<Item> = Vec::new();
    let mut page = Page::default();
    for _read in 0..READS {
        let stretch = stretch::read(core, channel, next, limit.max(READ)).await?;
        let more = if forwards {
            stretch.more_after
        } else {
            stretch.more_before
        };
        let mut found = self::items(core, room, channel, &stretch).await?;
        if !forwards {
            found.reverse();
        }
        items.extend(found);
        page.more = more;
        (page.before, page.after) = match next {
            Slice::Latest => (stretch.first_n, stretch.last_n),
            Slice::Before(_) => (stretch.first_n, page.after.max(stretch.last_n)),
            Slice::After(after) if page.before == 0 => (after + 1, stretch.last_n.max(after)),
            Slice::After(_) => (page.before, stretch.last_n),
        };
        if items.len() >= limit || !more {
            break;
        }
        next = if forwards {
            Slice::After(stretch.last_n)
        } else {
            Slice::Before(stretch.first_n)
        };
    }
    cut(&mut items, bound, forwards, &mut page);
    if !forwards {
        items.reverse();
    }
    page.more_after = forwards && page.more;
    page.items = items.into_iter().map(|item| item.frame).collect();
    Ok(page)
}

/// Leaves what fits, from the end that was asked for; the next page goes on at the other.
fn cut(items: &mut Vec<Item>, bound: Bound, forwards: bool, page: &mut Page) {
    let mut bytes = 0;
    let fits = |item: &Item| {
        bytes += item.frame.get().len();
        bytes <= bound.bytes
    };
    let keep = items.iter().take_while({
        let mut fits = fits;
        move |item| fits(item)
    });
    let keep = keep.count().max(1).min(bound.items);
    let Some(dropped_n) = items.get(keep).map(|item| item.n) else {
        return;
    };
    items.truncate(keep);
    page.more = true;
    let last_n = items.last().map(|item| item.n);
    if forwards {
        page.after = last_n.unwrap_or(dropped_n - 1);
    } else {
        page.before = last_n.unwrap_or(dropped_n + 1);
    }
}

async fn items(
    core: &Core,
    room: &str,
    channel: &Channel,
    stretch: &Stretch,
) -> Result<Vec<Item>, Problem> {
    if stretch.first_n == 0 {
        return Ok(Vec::new());
    }
    let mut later = overlay::range(core, room, stretch.first_n, stretch.last_n).await?;
    let edits = edits(core, channel, &later).await?;
    let mut items = Vec::with_capacity(stretch.records.len());
    for record in &stretch.records {
        let n = record.position.n;
        let entry = effect::decode(record)?;
        let later = later.remove(&n);
        // Its deletion has come to the records, and not to the log yet.
        if let Some(deleted) = later.as_ref().and_then(|later| later.deleted.as_ref()) {
            items.extend(tombstone(channel, n, deleted));
            continue;
        }
        let entry = match (entry.r#type(), later) {
            (EntryType::Room, _) | (EntryType::Message, None) => entry,
            (EntryType::Message, Some(later)) => as_it_is_now(entry, &later, edits.get(&n)),
            _ => continue,
        };
        let cursor = core.cursor(channel, record.position);
        items.extend(item(
            n,
            delivery::item_frame(&entry, channel, n, Some(cursor)),
        ));
    }
    for (n, later) in &later {
        if let Some(deleted) = &later.deleted {
            items.extend(tombstone(channel, *n, deleted));
        }
    }
    items.sort_by_key(|item| item.n);
    Ok(items)
}

fn item(n: u64, frame: Vec<u8>) -> Option<Item> {
    let text = String::from_utf8(frame).ok()?;
    let frame = RawValue::from_string(text).ok()?;
    Some(Item { n, frame })
}

/// The last edit of each message that has one.
async fn edits(
    core: &Core,
    channel: &Channel,
    later: &BTreeMap<u64, Later>,
) -> Result<BTreeMap<u64, EditBody>, Problem> {
    let last = later.iter().filter_map(|(n, later)| {
        let edit_n = *later.edits().last()?;
        later.deleted.is_none().then_some((*n, edit_n))
    });
    let reads = last.map(|(n, edit_n)| async move {
        let record = core.handles.log.get(channel, edit_n).await;
        let Some(record) = record.map_err(problem::of_log)? else {
            return Ok(None);
        };
        let body: EditBody = effect::read(&effect::decode(&record)?)?;
        Ok::<_, Problem>(Some((n, body)))
    });
    let found: Vec<Option<(u64, EditBody)>> = stream::iter(reads.collect::<Vec<_>>())
        .buffered(EDITS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// What is put into the body of a message that has changed.
#[derive(Serialize)]
struct Now<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reaction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<Replies>,
}

fn as_it_is_now(entry: Entry, later: &Later, edit: Option<&EditBody>) -> Entry {
    let now = Now {
        content: edit.map(|edit| edit.content.as_str()),
        edited_at: edit.map(|edit| edit.edited_at.as_str()),
        reactions: later.reactions(),
        replies: later.replies,
    };
    let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(&entry.body) else {
        return entry;
    };
    if let Ok(Value::Object(now)) = serde_json::to_value(now) {
        body.extend(now);
    }
    Entry {
        body: serde_json::to_vec(&body).unwrap_or_default().into(),
        ..entry
    }
}

/// What is left of a deleted message.
#[derive(Serialize)]
struct Tombstone<'a> {
    id: &'a str,
    user: &'a str,
    created_at: Timestamp,
    deleted: DeletedView<'a>,
}

fn tombstone(channel: &Channel, n: u64, deleted: &Deleted) -> Option<Item> {
    let body = Tombstone {
        id: &deleted.id,
        user: &deleted.user,
        created_at: Timestamp::from_ms(deleted.created_at_ms),
        deleted: deleted.view(),
    };
    let entry = Entry {
        r#type: EntryType::Message.into(),
        id: deleted.id.clone(),
        created_at_ms: deleted.created_at_ms,
        body: serde_json::to_vec(&body).ok()?.into(),
        user: deleted.user.clone(),
        ..Entry::default()
    };
    // Its place in the log is gone, and with it its cursor.
    item(n, delivery::item_frame(&entry, channel, n, None))
}

/// The frame of the message `n`, as it is now; `None`: it is gone.
pub(crate) async fn frame(
    core: &Core,
    room: &str,
    channel: &Channel,
    n: u64,
) -> Result<Option<Box<RawValue>>, Problem> {
    if n == 0 {
        return Ok(None);
    }
    let record = core.handles.log.get(channel, n).await;
    let record = record.map_err(problem::of_log)?;
    let stretch = Stretch::of_one(n, record);
    let found = items(core, room, channel, &stretch).await?.pop();
    Ok(found.map(|item| item.frame))
}
