//! Reading channels from one snapshot.

use super::{
    schema::{Entry, Head, LogTables},
    store::ReadError,
};
use crate::{
    error::LogError,
    log::{self, Page, Record, Slice},
};
use fanfare_proto::{Channel, Position};
use std::ops::RangeInclusive;

/// Where a page ends early, so that 1,000 of the largest records are not in memory at once. Its `more` is true then.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// One snapshot with the time it is read at: what has expired by then is not there.
pub(super) struct Snapshot {
    pub(super) tables: LogTables,
    pub(super) now_ms: i64,
}

impl Snapshot {
    pub(super) fn head(&self, channel: &Channel) -> Result<log::Head, ReadError> {
        let row = self.tables.heads.get(channel.name())?;
        Ok(row.map_or_else(log::Head::default, |row| {
            let Head { last, first_n, .. } = Head::from_row(row.value());
            log::Head { last, first_n }
        }))
    }

    pub(super) fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, ReadError> {
        if n < self.head(channel)?.first_n {
            return Ok(None);
        }
        match self.tables.index.get((channel.name(), n))? {
            Some(seq) => self.record(channel, seq.value()),
            None => Ok(None),
        }
    }

    /// As [`log::Log::read`].
    pub(super) fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Result<Page, LogError>, ReadError> {
        let head = self.head(channel)?;
        if after.n > head.last.n || after.seq > head.last.seq {
            return Ok(Err(LogError::Mismatch));
        }
        if after.n + 1 < head.first_n {
            let first_n = head.first_n;
            return Ok(Err(LogError::Trimmed { first_n }));
        }
        if !self.belongs(channel, after, head)? {
            return Ok(Err(LogError::Mismatch));
        }
        if upto.n > head.last.n {
            return Ok(Err(LogError::Stale));
        }
        if upto.n <= after.n {
            return Ok(Ok(Page::default()));
        }
        self.forward(channel, after.n + 1..=upto.n, limit).map(Ok)
    }

    pub(super) fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, ReadError> {
        let head = self.head(channel)?;
        let (first_n, last_n) = (head.first_n.max(1), head.last.n);
        match slice {
            Slice::Latest => self.backward(channel, first_n..=last_n, limit),
            Slice::Before(n) => {
                self.backward(channel, first_n..=last_n.min(n.saturating_sub(1)), limit)
            }
            Slice::After(n) => {
                self.forward(channel, first_n.max(n.saturating_add(1))..=last_n, limit)
            }
        }
    }

    /// Whether `after` is a position this channel has given out. Of one whose record is gone, the neighbours that are
    /// left tell where its `seq` must have been.
    fn belongs(
        &self,
        channel: &Channel,
        after: Position,
        head: log::Head,
    ) -> Result<bool, ReadError> {
        if after.n == 0 || after.n == head.last.n {
            let expected = if after.n == 0 { 0 } else { head.last.seq };
            return Ok(after.seq == expected);
        }
        let name = channel.name();
        let mut below = self.tables.index.range((name, 0)..=(name, after.n))?;
        if let Some(row) = below.next_back() {
            let (key, seq) = row?;
            let (n, seq) = (key.value().1, seq.value());
            if n == after.n {
                return Ok(seq == after.seq);
            }
            if seq >= after.seq {
                return Ok(false);
            }
        }
        let mut above = self
            .tables
            .index
            .range((name, after.n + 1)..=(name, head.last.n))?;
        let next_seq = match above.next() {
            Some(row) => row?.1.value(),
            None => head.last.seq,
        };
        Ok(after.seq > 0 && after.seq < next_seq)
    }

    fn forward(
        &self,
        channel: &Channel,
        range: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Page, ReadError> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let name = channel.name();
        let rows = self
            .tables
            .index
            .range((name, *range.start())..=(name, *range.end()))?;
        let mut page = Filling::new(limit);
        for row in rows {
            if !page.take(self.record(channel, row?.1.value())?) {
                break;
            }
        }
        Ok(page.page)
    }

    fn backward(
        &self,
        channel: &Channel,
        range: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Page, ReadError> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let name = channel.name();
        let rows = self
            .tables
            .index
            .range((name, *range.start())..=(name, *range.end()))?;
        let mut page = Filling::new(limit);
        for row in rows.rev() {
            if !page.take(self.record(channel, row?.1.value())?) {
                break;
            }
        }
        page.page.records.reverse();
        Ok(page.page)
    }

    /// The record, unless it has expired.
    fn record(&self, channel: &Channel, seq: u64) -> Result<Option<Record>, ReadError> {
        let Some(row) = self.tables.log.get(seq)? else {
            return Ok(None);
        };
        let entry = Entry::decode(row.value())?;
        Ok((entry.expires_at_ms > self.now_ms).then(|| entry.to_record(channel.clone(), seq)))
    }
}

/// A page until it is full.
struct Filling {
    page: Page,
    bytes: usize,
    limit: usize,
}

impl Filling {
    fn new(limit: usize) -> Self {
        Self {
            page: Page::default(),
            bytes: 0,
            limit,
        }
    }

    /// `false` once nothing more goes in.
    fn take(&mut self, record: Option<Record>) -> bool {
        let Some(record) = record else {
            return true;
        };
        let is_full = self.page.records.len() >= self.limit
            || (self.bytes + record.payload.len() > PAGE_BYTES && !self.page.records.is_empty());
        if is_full {
            self.page.more = true;
            return false;
        }
        self.bytes += record.payload.len();
        self.page.records.push(record);
        true
    }
}
