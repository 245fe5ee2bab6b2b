//! Pages of history.
//!
//! A stream can be read forward only, and finds a channel's messages one by one. An entry of the page index tells where
//! every 64th record stands, so a page in the middle is read from less than 64 records before it.

use super::{
    core::Patience,
    engine::NatsLog,
    subject::{self, PAGE},
    walk::{self, Found, Keep, Way},
};
use crate::{
    error::LogError,
    log::{Page, Record, Slice},
    nats::{fetch, refusal::Refusal},
};
use fanfare_proto::Channel;
use std::{collections::VecDeque, ops::RangeInclusive, time::Duration};
use tokio::time::Instant;

/// How long a replica that is behind may take to come up. What age removes is seen at the second look.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Entries that are looked for at once: an entry may be lost, or not be there yet.
const ENTRIES: u64 = 4;

/// Reads as [`Log::history`](crate::Log::history) says.
pub(super) async fn page(
    log: &NatsLog,
    channel: &Channel,
    slice: Slice,
    limit: usize,
) -> Result<Page, LogError> {
    let mut views = Views::new(log, channel);
    loop {
        let held = views.next().await?;
        let (first_n, last_n) = (*held.start(), *held.end());
        let page = match slice {
            Slice::Latest => backward(log, channel, held, limit).await?,
            Slice::Before(n) => {
                let range = first_n..=last_n.min(n.saturating_sub(1));
                backward(log, channel, range, limit).await?
            }
            Slice::After(n) => {
                let range = first_n.max(n.saturating_add(1))..=last_n;
                forward(log, channel, range, limit).await?
            }
        };
        if let Some(page) = page {
            return Ok(page);
        }
    }
}

/// The record with ordinal `n`.
pub(super) async fn get(
    log: &NatsLog,
    channel: &Channel,
    n: u64,
) -> Result<Option<Record>, LogError> {
    let mut views = Views::new(log, channel);
    loop {
        if !views.next().await?.contains(&n) {
            return Ok(None);
        }
        if let Some(found) = find(log, channel, n..=n, 1, Keep::First).await? {
            return Ok(found.records.into_iter().next());
        }
    }
}

/// The last record of `channel` before ordinal `n`.
pub(super) async fn before(
    log: &NatsLog,
    channel: &Channel,
    n: u64,
) -> Result<Option<Record>, LogError> {
    let page = page(log, channel, Slice::Before(n), 1).await?;
    Ok(page.records.into_iter().next())
}

/// The ordinals that a channel holds: now, and again when the end of what was looked for is not met. It is not on that
/// replica yet, or age has removed it since, and with it all that is older.
struct Views<'a> {
    log: &'a NatsLog,
    channel: &'a Channel,
    /// `None` before the first.
    patience: Option<Patience>,
}

impl<'a> Views<'a> {
    const fn new(log: &'a NatsLog, channel: &'a Channel) -> Self {
        Self {
            log,
            channel,
            patience: None,
        }
    }

    async fn next(&mut self) -> Result<RangeInclusive<u64>, LogError> {
        if let Some(patience) = &mut self.patience
            && !patience.pause().await
        {
            return Err(LogError::Unavailable);
        }
        let end = self.log.end(self.channel).await?;
        let until = || Patience::until(Instant::now() + CATCH_UP);
        self.patience.get_or_insert_with(until);
        let head = end.head(self.log.core.settings.retention_records);
        Ok(head.first_n.max(1)..=head.last.n)
    }
}

/// The last records of `range`, from wider and wider windows at its end. `None` as [`find`].
async fn backward(
    log: &NatsLog,
    channel: &Channel,
    range: RangeInclusive<u64>,
    limit: usize,
) -> Result<Option<Page>, LogError> {
    let mut records: VecDeque<Record> = VecDeque::new();
    let mut more = false;
    let (first_n, mut to_n) = (*range.start(), *range.end());
    let mut width = limit as u64 + 1;
    while to_n >= first_n && !more {
        // From the beginning of a page, as it has to be read from there anyway.
        let from_n = (to_n.saturating_sub(width - 1) / PAGE * PAGE).max(first_n);
        // One more than there is room for tells whether there are more.
        let room = limit + 1 - records.len();
        let Some(found) = find(log, channel, from_n..=to_n, room, Keep::Last).await? else {
            return Ok(None);
        };
        more = found.is_cut;
        for record in found.records.into_iter().rev() {
            records.push_front(record);
        }
        if records.len() > limit {
            records.pop_front();
            more = true;
        }
        to_n = from_n - 1;
        width = width.saturating_mul(2);
    }
    Ok(Some(Page {
        records: records.into(),
        more,
    }))
}

/// The first records of `range`. `None` as [`find`].
async fn forward(
    log: &NatsLog,
    channel: &Channel,
    range: RangeInclusive<u64>,
    limit: usize,
) -> Result<Option<Page>, LogError> {
    if range.is_empty() {
        return Ok(Some(Page::default()));
    }
    let found = find(log, channel, range, limit, Keep::First).await?;
    Ok(found.map(|found| Page {
        more: found.is_cut,
        records: found.records.into(),
    }))
}

/// Records of `range`, which the channel holds; `None` when its end was not met.
async fn find(
    log: &NatsLog,
    channel: &Channel,
    range: RangeInclusive<u64>,
    most: usize,
    keep: Keep,
) -> Result<Option<Found>, LogError> {
    let walked = async {
        let way = Way {
            from_seq: start(log, channel, *range.start()).await?,
            range,
            most,
            keep,
        };
        walk::walk(&log.core, channel, way).await
    };
    match walked.await {
        Ok(found) if found.is_whole || (found.is_cut && keep == Keep::First) => Ok(Some(found)),
        Ok(_) | Err(Refusal::Busy) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A sequence at or before the channel's record with ordinal `n`, and near it.
async fn start(log: &NatsLog, channel: &Channel, n: u64) -> Result<u64, Refusal> {
    let shard = subject::shard(channel, log.core.settings.shards);
    let (last, first) = (n / PAGE, (n / PAGE).saturating_sub(ENTRIES - 1).max(1));
    if last == 0 {
        return Ok(1);
    }
    let entries: Vec<String> = (first..=last)
        .map(|page| subject::page(shard, channel, page))
        .collect();
    let stream = subject::stream(shard);
    let latest = fetch::latest(&log.core.ctl, &stream, &entries).await?;
    let seqs = latest.messages.iter().filter_map(|entry| {
        let text = std::str::from_utf8(&entry.payload).ok()?;
        text.parse::<u64>().ok()
    });
    Ok(seqs.max().unwrap_or(1))
}
