//! What an entry changes beside the log: the state of the message it is about, threads, mentions. All of it follows from
//! the entry alone, so any worker can do it, and doing it twice changes nothing.

use crate::{
    change::{DeletionBody, EditBody, ReactionBody},
    core::Core,
    event, key, line, mark,
    message::Body,
    notice,
    overlay::{self, Deleted, Replies},
    room::channel_of,
};
use fanfare_bus::log::{Record, Slice};
use fanfare_http::Problem;
use fanfare_proto::{
    Channel,
    wire::{Entry, EntryType},
};
use fanfare_service::problem;
use futures_util::future::join_all;
use prost::Message as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Most replies of a thread that are listed: the newest.
const REPLIES: usize = 2_000;

/// Entries read at once.
const PAGE: usize = 200;

/// Longest between a piece of work is written down and its entry is stored, in milliseconds.
const APPEND_MS: i64 = 120_000;

/// The replies of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thread {
    pub(crate) count: u64,
    /// In order.
    pub(crate) replies: Vec<u64>,
}

/// Does what the entry `n` of `room` asks for.
pub(crate) async fn apply(
    core: &Arc<Core>,
    room: &str,
    n: u64,
    entry: &Entry,
) -> Result<(), Problem> {
    match entry.r#type() {
        EntryType::Message => message(core, room, n, &read(entry)?).await,
        EntryType::Edit => {
            let body: EditBody = read(entry)?;
            edit(core, room, n, &body).await
        }
        EntryType::Deletion => deletion(core, room, n, entry, &read(entry)?).await,
        EntryType::Reaction => {
            let body: ReactionBody = read(entry)?;
            overlay::change(core, room, body.n, |later| {
                later.react(&body.emoji, &body.user, body.on, n);
            })
            .await
        }
        EntryType::Room
        | EntryType::Notification
        | EntryType::Publication
        | EntryType::Retraction
        | EntryType::Unspecified => Ok(()),
    }
}

/// Does what all entries of `room` after `after_n` ask for, that were stored soon after `at_ms`.
pub(crate) async fn catch_up(
    core: &Arc<Core>,
    room: &str,
    after_n: u64,
    at_ms: i64,
) -> Result<(), Problem> {
    let channel = channel_of(room)?;
    let mut after = after_n;
    loop {
        let page = core
            .handles
            .log
            .history(&channel, Slice::After(after), PAGE);
        let page = page.await.map_err(problem::of_log)?;
        for record in &page.records {
            if record.stored_at_ms > at_ms.saturating_add(APPEND_MS) {
                return Ok(());
            }
            apply(core, room, record.position.n, &decode(record)?).await?;
        }
        match page.records.last() {
            Some(last) if page.more => after = last.position.n,
            _ => return Ok(()),
        }
    }
}

/// The entry that `record` holds.
pub(crate) fn decode(record: &Record) -> Result<Entry, Problem> {
    Entry::decode(record.payload.clone())
        .map_err(|_unreadable| problem::internal("an entry of a room is unreadable"))
}

/// The body of `entry`.
pub(crate) fn read<T: DeserializeOwned>(entry: &Entry) -> Result<T, Problem> {
    serde_json::from_slice(&entry.body)
        .map_err(|_shape| problem::internal("the body of an entry is unreadable"))
}

async fn message(core: &Arc<Core>, room: &str, n: u64, body: &Body) -> Result<(), Problem> {
    if let Some(thread) = body.thread {
        reply(core, room, thread, n).await?;
    }
    if body.mentions.is_empty() {
        return Ok(());
    }
    let channel = channel_of(room)?;
    let told = body.mentions.iter().map(|user| {
        let channel = &channel;
        async move {
            if let Some(mark) = mark::mention(core, room, user, n).await? {
                core.meters.mentions.inc();
                tell_counts(core, room, channel, user, &mark).await?;
            }
            notice::of_mention(core, room, n, body, user).await
        }
    });
    // Nobody waits for what another one's notification takes, and each is tried.
    join_all(told).await.into_iter().collect()
}

async fn tell_counts(
    core: &Core,
    room: &str,
    channel: &Channel,
    user: &str,
    mark: &mark::Mark,
) -> Result<(), Problem> {
    let end: line::End = core.lines.end(channel).await.map_err(problem::of_log)?;
    event::to_user(core, user, "room_counts", &mark.counts(room, end)).await;
    Ok(())
}

async fn reply(core: &Core, room: &str, thread_n: u64, n: u64) -> Result<(), Problem> {
    let key = key::thread(room, thread_n);
    let changed = core.records.update::<Thread>(&key, |thread| {
        let mut thread = thread.unwrap_or_default();
        let Err(place) = thread.replies.binary_search(&n) else {
            return Ok(None);
        };
        if place == 0 && thread.replies.len() == REPLIES {
            return Ok(None);
        }
        thread.replies.insert(place, n);
        thread.count += 1;
        if thread.replies.len() > REPLIES {
            thread.replies.remove(0);
        }
        Ok(Some(thread))
    });
    let thread = changed.await?.unwrap_or_default();
    let replies = Replies {
        count: thread.count,
        last_n: thread.replies.last().copied().unwrap_or(n),
    };
    overlay::change(core, room, thread_n, |later| later.replied(replies)).await
}

async fn edit(core: &Core, room: &str, n: u64, body: &EditBody) -> Result<(), Problem> {
    overlay::change(core, room, body.n, |later| later.edit(n)).await?;
    let later = overlay::block_of(core, room, body.n).await?.later(body.n);
    // The message was deleted just before, by somebody who could not know of this text.
    if later.deleted.is_some() {
        let gone = core.handles.log.delete(&channel_of(room)?, n).await;
        gone.map_err(problem::of_log)?;
    }
    Ok(())
}

/// The text goes for good: of the message and of its edits nothing stays in the log.
async fn deletion(
    core: &Core,
    room: &str,
    n: u64,
    entry: &Entry,
    body: &DeletionBody,
) -> Result<(), Problem> {
    let deleted = Deleted {
        id: body.id.clone(),
        user: body.user.clone(),
        created_at_ms: body.created_at_ms,
        by: body.by.clone(),
        at_ms: entry.created_at_ms,
        n,
    };
    overlay::change(core, room, body.n, |later| later.delete(deleted.clone())).await?;
    let channel = channel_of(room)?;
    let later = overlay::block_of(core, room, body.n).await?.later(body.n);
    for gone in later.edits().iter().chain([&body.n]) {
        let deleted = core.handles.log.delete(&channel, *gone).await;
        deleted.map_err(problem::of_log)?;
    }
    Ok(())
}
