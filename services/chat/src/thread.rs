//! The replies of a thread, as they are now.

use crate::{
    actor::Actor, core::Core, effect::Thread, find, history, key, overlay::AT_ONCE, room::Action,
};
use fanfare_http::Problem;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Some replies of a thread.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadPage)]
pub(crate) struct Page {
    /// Whole frames, in the order of the room.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Box<RawValue>>,
    /// How many replies there ever were.
    count: u64,
    /// Asks for the replies before these; left out at the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The newest replies to the message `n` of `room` below `before`, at most `limit`.
///
/// # Errors
///
/// What `actor` may not; `not_found` when there is no such message.
pub(crate) async fn page(
    core: &Core,
    actor: &Actor,
    room: &str,
    n: u64,
    before: Option<u64>,
    limit: usize,
) -> Result<Page, Problem> {
    let standing = core.allowed(room, actor, Action::Read).await?;
    let channel = standing.room.channel()?;
    find::message(core, room, &channel, n).await?;
    let thread: Option<Thread> = core.records.get(&key::thread(room, n)).await?;
    let Thread { count, mut replies } = thread.unwrap_or_default();
    replies.retain(|reply| before.is_none_or(|before| *reply < before));
    let rest = replies.len().saturating_sub(limit);
    let page = &replies[rest..];
    let frames = page
        .iter()
        .map(|reply| history::frame(core, room, &channel, *reply));
    let frames: Vec<Option<Box<RawValue>>> = stream::iter(frames.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Page {
        items: frames.into_iter().flatten().collect(),
        count,
        next_cursor: page
            .first()
            .filter(|_first| rest > 0)
            .map(ToString::to_string),
    })
}
