//! Removing records: one by one, below an ordinal, or because they are due.

use super::{Commit, sweep::removed_damaged};
use crate::embedded::schema::{self, Entry, Head, NEVER};
use fanfare_proto::{Channel, Position};
use redb::ReadableTable as _;

impl Commit<'_> {
    pub(super) fn delete(&mut self, channel: &Channel, n: u64) -> Result<bool, redb::Error> {
        let first_n = self.head(channel)?.first_n;
        let seq = self.tables.index.get((channel.name(), n))?;
        let Some(seq) = seq.map(|seq| seq.value()) else {
            return Ok(false);
        };
        let was_there = self.remove(seq)?;
        Ok(was_there && n >= first_n)
    }

    /// Moves the channel's start up to `first_n`; the records below go in small steps.
    pub(super) fn trim(&mut self, channel: &Channel, first_n: u64) -> Result<(), redb::Error> {
        let mut head = self.head(channel)?;
        let first_n = first_n.min(head.last.n + 1);
        if first_n <= head.first_n {
            return Ok(());
        }
        head.first_n = first_n;
        if head.live.n < first_n {
            forget_live(&mut head);
        }
        self.set_head(channel, head);
        self.tables.trims.insert(channel.name(), ())?;
        Ok(())
    }

    /// Removes up to `most` records below the channel's start. Returns how many.
    pub(super) fn cut(&mut self, channel: &Channel, most: usize) -> Result<usize, redb::Error> {
        let first_n = self.head(channel)?.first_n;
        let name = channel.name();
        let mut rows = Vec::new();
        for row in self
            .tables
            .index
            .range((name, 0)..(name, first_n))?
            .take(most)
        {
            let (key, seq) = row?;
            rows.push((key.value().1, seq.value()));
        }
        for (n, seq) in &rows {
            self.remove(*seq)?;
            // A damaged record did not say where it was.
            self.tables.index.remove((name, *n))?;
        }
        Ok(rows.len())
    }

    /// Removes the record and everything that points to it. Returns whether it was there and had not expired.
    pub(super) fn remove(&mut self, seq: u64) -> Result<bool, redb::Error> {
        let Some(row) = self.tables.log.remove(seq)? else {
            return Ok(false);
        };
        let read = Entry::decode(row.value()).and_then(|entry| {
            let channel = schema::channel(entry.channel)?;
            Ok((channel, entry.n, entry.expires_at_ms))
        });
        drop(row);
        let Ok((channel, n, expires_at_ms)) = read else {
            removed_damaged("a record");
            return Ok(false);
        };
        self.tables.index.remove((channel.name(), n))?;
        if expires_at_ms != NEVER {
            let key = seq.to_be_bytes();
            let kind = schema::EXPIRES_RECORD;
            self.tables
                .expiry
                .remove((expires_at_ms, kind, key.as_slice()))?;
        }
        let mut head = self.head(&channel)?;
        if head.live.seq == seq {
            self.find_live(&channel, &mut head)?;
            self.set_head(&channel, head);
        }
        Ok(expires_at_ms > self.terms.now_ms)
    }

    /// Finds the channel's last record that is still there.
    pub(super) fn find_live(&self, channel: &Channel, head: &mut Head) -> Result<(), redb::Error> {
        let name = channel.name();
        let rows = self
            .tables
            .index
            .range((name, head.first_n)..=(name, u64::MAX))?;
        for row in rows.rev() {
            let seq = row?.1.value();
            let Some(row) = self.tables.log.get(seq)? else {
                continue;
            };
            // A damaged one is gone for readers; it is removed when its time comes.
            let Ok(entry) = Entry::decode(row.value()) else {
                continue;
            };
            if entry.expires_at_ms > self.terms.now_ms {
                head.live = Position { seq, n: entry.n };
                head.live_expires_at_ms = entry.expires_at_ms;
                return Ok(());
            }
        }
        forget_live(head);
        Ok(())
    }
}

fn forget_live(head: &mut Head) {
    head.live = Position::default();
    head.live_expires_at_ms = NEVER;
}
