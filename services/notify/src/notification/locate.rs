//! Finds a notification in a log by its id, when only the time it was stored at is known.

use crate::{core::Core, problem};
use fanfare_bus::log::{Head, Record, Slice};
use fanfare_http::Problem;
use fanfare_proto::{Channel, wire::Entry};
use prost::Message as _;

/// Entries that are looked at in any case, however late they were stored: the log may have been away when it was time.
const ENTRIES: usize = 1_000;
/// Entries stored within this time are all looked at, in milliseconds: a log that runs appends sooner.
const WINDOW_MS: i64 = 60_000;
/// Most entries one search looks at: 1,600 a second in one channel. Beyond them nothing is said.
const ENTRIES_MAX: usize = 100_000;
/// How much the store's clock may be behind ours, in milliseconds.
const SKEW_MS: i64 = 2_000;
/// Entries of one look.
const PAGE: usize = 100;

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) n: u64,
    pub(crate) stored_at_ms: i64,
    pub(crate) created_at_ms: i64,
}

/// The first record of `channel` stored at or after `since_ms`, by halving: about 20 looks for a million records.
async fn first_since(
    core: &Core,
    channel: &Channel,
    head: Head,
    since_ms: i64,
) -> Result<u64, Problem> {
    let (mut low, mut high) = (head.first_n.max(1), head.last.n.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match at_or_after(core, channel, middle).await? {
            Some(record) if record.stored_at_ms < since_ms => low = record.position.n + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

async fn at_or_after(core: &Core, channel: &Channel, n: u64) -> Result<Option<Record>, Problem> {
    let page = core
        .handles
        .log
        .history(channel, Slice::After(n.saturating_sub(1)), 1)
        .await
        .map_err(problem::of_log)?;
    Ok(page.records.into_iter().next())
}

async fn head(core: &Core, channel: &Channel) -> Result<Head, Problem> {
    let heads = core
        .handles
        .log
        .heads(std::slice::from_ref(channel))
        .await
        .map_err(problem::of_log)?;
    Ok(heads.first().copied().unwrap_or_default())
}

/// Ordinal of the last record of `channel` that was stored at or before `at_ms`; 0 for none.
pub(crate) async fn last_at(core: &Core, channel: &Channel, at_ms: i64) -> Result<u64, Problem> {
    let head = head(core, channel).await?;
    let next = first_since(core, channel, head, at_ms.saturating_add(1)).await?;
    Ok(next - 1)
}

/// Finds notification `id` among the records of `channel` stored at `since_ms` or within a minute from then.
///
/// # Errors
///
/// `unavailable`, also when there are too many of them to say that it is not there.
pub(crate) async fn by_id(
    core: &Core,
    channel: &Channel,
    id: &str,
    since_ms: i64,
) -> Result<Option<Located>, Problem> {
    let head = head(core, channel).await?;
    let upto_ms = since_ms.saturating_add(WINDOW_MS);
    let since_ms = since_ms.saturating_sub(SKEW_MS);
    let mut after = first_since(core, channel, head, since_ms)
        .await?
        .saturating_sub(1);
    let mut looked = 0;
    while looked < ENTRIES_MAX {
        let page = core
            .handles
            .log
            .history(channel, Slice::After(after), PAGE)
            .await
            .map_err(problem::of_log)?;
        if let Some(located) = page.records.iter().find_map(|record| matching(record, id)) {
            return Ok(Some(located));
        }
        looked += page.records.len();
        let Some(last) = page.records.last().filter(|_last| page.more) else {
            return Ok(None);
        };
        if looked >= ENTRIES && last.stored_at_ms > upto_ms {
            return Ok(None);
        }
        after = last.position.n;
    }
    Err(problem::unavailable())
}

/// Finds notification `id` among the newest records of `channel`.
pub(crate) async fn newest_by_id(
    core: &Core,
    channel: &Channel,
    id: &str,
) -> Result<Option<Located>, Problem> {
    let page = core
        .handles
        .log
        .history(channel, Slice::Latest, ENTRIES)
        .await
        .map_err(problem::of_log)?;
    Ok(page
        .records
        .iter()
        .rev()
        .find_map(|record| matching(record, id)))
}

fn matching(record: &Record, id: &str) -> Option<Located> {
    let entry = Entry::decode(record.payload.clone()).ok()?;
    let is_it = entry.id == id && entry.r#type() == fanfare_proto::wire::EntryType::Notification;
    is_it.then_some(Located {
        n: record.position.n,
        stored_at_ms: record.stored_at_ms,
        created_at_ms: entry.created_at_ms,
    })
}
