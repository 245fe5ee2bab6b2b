//! Reads one channel's notifications, newest first.

use crate::{core::Core, problem};
use fanfare_bus::log::{Record, Slice};
use fanfare_http::Problem;
use fanfare_proto::{
    Channel,
    wire::{Entry, EntryType},
};
use prost::Message as _;

/// Most entries one request looks at in one channel.
pub(crate) const ENTRIES_MAX: usize = 1_000;
/// Entries of the first look; most inboxes show no more.
const FIRST: usize = 50;
/// Entries of the following ones.
const NEXT: usize = 250;

/// One notification that is there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) n: u64,
    pub(crate) entry: Entry,
}

/// A reader of one channel.
pub(crate) struct Scan<'a> {
    core: &'a Core,
    channel: &'a Channel,
    now_ms: i64,
    /// Nothing at or below this is looked at.
    floor: u64,
    /// Everything from here on was given out or passed over.
    before: u64,
    /// Oldest first.
    buffer: Vec<Record>,
    more: bool,
    looked: usize,
}

impl<'a> Scan<'a> {
    /// Reads what is below `before` and above `floor`.
    pub(crate) fn new(core: &'a Core, channel: &'a Channel, before: u64, floor: u64) -> Self {
        Self {
            core,
            channel,
            now_ms: core.clock.now_ms(),
            floor,
            before,
            buffer: Vec::new(),
            more: before > floor.saturating_add(1),
            looked: 0,
        }
    }

    pub(crate) const fn channel(&self) -> &'a Channel {
        self.channel
    }

    /// What lies below was not given out.
    pub(crate) const fn before(&self) -> u64 {
        self.before
    }

    /// Whether it stopped at the bound, with more to read.
    pub(crate) const fn is_capped(&self) -> bool {
        self.more && self.looked >= ENTRIES_MAX && self.buffer.is_empty()
    }

    /// The next older notification that has not expired; `None` at the end and at the bound.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>, Problem> {
        loop {
            if self.buffer.is_empty() && !self.fill().await? {
                return Ok(None);
            }
            while let Some(record) = self.buffer.pop() {
                let n = record.position.n;
                if n <= self.floor {
                    self.buffer.clear();
                    self.more = false;
                    break;
                }
                self.before = n;
                if let Some(entry) = self.notification(&record) {
                    return Ok(Some(Found { n, entry }));
                }
            }
        }
    }

    fn notification(&self, record: &Record) -> Option<Entry> {
        let entry = Entry::decode(record.payload.clone()).ok()?;
        let expired = entry.expires_at_ms != 0 && entry.expires_at_ms <= self.now_ms;
        (entry.r#type() == EntryType::Notification && !expired).then_some(entry)
    }

    async fn fill(&mut self) -> Result<bool, Problem> {
        let left = ENTRIES_MAX.saturating_sub(self.looked);
        if !self.more || left == 0 {
            return Ok(false);
        }
        let limit = left.min(if self.looked == 0 { FIRST } else { NEXT });
        let page = self
            .core
            .handles
            .log
            .history(self.channel, Slice::Before(self.before), limit)
            .await
            .map_err(problem::of_log)?;
        self.looked += page.records.len();
        self.more = page.more && !page.records.is_empty();
        self.buffer = page.records;
        Ok(!self.buffer.is_empty())
    }
}
