//! One ordered, durable log per channel.

use crate::{error::LogError, feed::Bound};
use async_trait::async_trait;
use bytes::Bytes;
use fanfare_proto::{Channel, Position, trace::Context};

/// Most records that wait for one tail; a gateway that is further behind does better to read pages. Payloads may be shared
/// between tails.
pub const TAIL_RECORDS: usize = 8_192;

/// What waits for one tail at most: the bytes are the limit for large records.
pub(crate) const TAIL: Bound = Bound {
    items: TAIL_RECORDS,
    bytes: 64 * 1024 * 1024,
};

/// As [`Append::payload`] says.
const PAYLOAD_BYTES: usize = 256 * 1024;

/// As [`Append::msg_id`] and [`Log::schedule`] say.
const ID_BYTES: usize = 128;

/// As [`Log::append_all`], [`Log::heads`] and the pages say.
pub(crate) const MANY: usize = 1_000;

pub(crate) fn check_append(append: &Append) -> Result<(), LogError> {
    if append.payload.len() > PAYLOAD_BYTES {
        return Err(LogError::TooLarge);
    }
    append.msg_id.as_deref().map_or(Ok(()), check_id)
}

pub(crate) fn check_appends(appends: &[Append]) -> Result<(), LogError> {
    if appends.len() > MANY {
        return Err(LogError::TooLarge);
    }
    appends.iter().try_for_each(check_append)
}

/// Of a record or of a schedule.
pub(crate) fn check_id(id: &str) -> Result<(), LogError> {
    if id.len() > ID_BYTES {
        return Err(LogError::TooLarge);
    }
    Ok(())
}

/// How long the same `msg_id` on the same channel gives the first answer again.
pub const DEDUP_WINDOW_MS: u64 = 24 * 3600 * 1000;

/// What the channel's head must be for an append to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Any,
    /// Exactly this ordinal; 0 for an empty channel.
    Head(u64),
}

/// One record to append.
#[derive(Clone, Debug)]
pub struct Append {
    /// Where to.
    pub channel: Channel,
    /// The same id on the same channel within [`DEDUP_WINDOW_MS`] appends nothing and answers as the first time. At
    /// most 128 bytes of any text.
    pub msg_id: Option<String>,
    /// Checked in the same step as the append.
    pub expect: Expect,
    /// The record vanishes after this long. Its ordinal is never given out again.
    pub ttl_ms: Option<u64>,
    /// At most 256 KiB.
    pub payload: Bytes,
    /// What it is part of. Said here, and not by who calls, because what several ask for is appended together.
    pub trace: Option<Context>,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where the record stands.
    pub position: Position,
    /// Whether it stood there already, by its `msg_id`.
    pub duplicate: bool,
}

/// One record as a reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose log.
    pub channel: Channel,
    /// Where in it.
    pub position: Position,
    /// Sequence of the channel's previous record that still existed when this one was appended; 0: none.
    pub prev_seq: u64,
    /// When it was stored.
    pub stored_at_ms: i64,
    /// When it vanishes.
    pub expires_at_ms: Option<i64>,
    /// What was appended.
    pub payload: Bytes,
    /// What the append was part of. A tail tells it; a record that was scheduled or is read back may have lost it.
    pub trace: Option<Context>,
}

/// Where a channel ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last position given out, also when its record has expired since. Zeroes: nothing was ever appended.
    pub last: Position,
    /// Ordinal of the first record that retention has left; readers below it get [`LogError::Trimmed`].
    pub first_n: u64,
}

/// What a read found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In channel order. Ordinals may have holes where records expired or were deleted.
    pub records: Vec<Record>,
    /// The limit was met before the end of the range: read on from the last record.
    pub more: bool,
}

/// Which records of a channel a page of history holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// The newest ones.
    Latest,
    /// The newest ones below this ordinal.
    Before(u64),
    /// The oldest ones above this ordinal.
    After(u64),
}

/// What a tail yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tailed {
    /// A record, once, in channel order unless [`Tailed::Lagged`] came between. Only what is stored is ever shown.
    Record(Record),
    /// Records may have been missed on any channel: compare heads and read what lacks.
    Lagged,
}

/// A live reader of every channel. Ends by being dropped.
#[async_trait]
pub trait Tail: Send {
    /// The next record; `None` once the log has ended. Lossy even without [`Tailed::Lagged`]: a reader compares
    /// `prev_seq` with what it has, and heads from time to time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped call has taken nothing.
    async fn next(&mut self) -> Option<Tailed>;

    /// What is there right now, without waiting.
    fn try_next(&mut self) -> Option<Tailed>;
}

/// The channels' logs.
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends one record. When this resolves it is as durable as the back end is configured to make it.
    ///
    /// # Errors
    ///
    /// [`LogError::Conflict`], [`LogError::TooLarge`], [`LogError::Unavailable`], [`LogError::Store`].
    async fn append(&self, append: Append) -> Result<Appended, LogError>;

    /// Appends all records or none, at most 1,000, all of one shard ([`shard`](Self::shard)). Visible together. If
    /// *any* `msg_id` is known, that record alone is a duplicate and the others are appended.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); nothing has happened then.
    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError>;

    /// Which shard holds `channel`. Positions of different shards do not compare.
    fn shard(&self, channel: &Channel) -> u16;

    /// Which life of the log `channel`'s shard is in.
    fn epoch(&self, channel: &Channel) -> u32;

    /// The heads of `channels` (at most 1,000), in the same order. Linearizable: an append that resolved before this
    /// was called is in it.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError>;

    /// Records of `channel` after `after`, up to and including `upto`, at most `limit` (≤ 1,000).
    ///
    /// # Errors
    ///
    /// - [`LogError::Trimmed`]: records after `after` are gone by retention;
    /// - [`LogError::Mismatch`]: `after` is beyond the head, or its `seq` and `n` do not belong together. A position
    ///   whose record has expired is fine;
    /// - [`LogError::Stale`]: this copy cannot show everything up to `upto` yet.
    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError>;

    /// One page of history, in channel order, at most `limit` (≤ 1,000) records. Costs no more in the middle of a long
    /// channel than at its end.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError>;

    /// The record with ordinal `n`, if it is still there.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError>;

    /// Opens a live reader. An append that completes after this resolves is never skipped by it.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`].
    async fn tail(&self) -> Result<Box<dyn Tail>, LogError>;

    /// Appends `append` at `at_ms`, once, also across restarts. A past time means now. The same `key` again replaces
    /// what was scheduled under it. `key` is at most 128 bytes.
    ///
    /// # Errors
    ///
    /// [`LogError::TooLarge`], [`LogError::Unavailable`], [`LogError::Store`].
    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError>;

    /// Takes back what was scheduled under `key`; `false` when there is nothing (any more): it has been appended, or
    /// never was scheduled.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn cancel(&self, key: &str) -> Result<bool, LogError>;

    /// Removes one record for good; its ordinal stays used. `false` when it was not there.
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError>;

    /// Removes the records of `channel` below ordinal `first_n`; readers from before get [`LogError::Trimmed`].
    ///
    /// # Errors
    ///
    /// [`LogError::Unavailable`], [`LogError::Store`].
    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError>;
}
