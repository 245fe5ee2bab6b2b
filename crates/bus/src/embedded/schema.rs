//! The tables, and how their rows are written. Changing anything here is a new format version in `file`.

use bytes::Bytes;
use fanfare_proto::{Channel, Position};
use redb::{ReadOnlyTable, ReadTransaction, Table, TableDefinition, WriteTransaction};

/// Expiry of what does not expire; sorts after every time.
pub(super) const NEVER: i64 = i64::MAX;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const META_FORMAT: &str = "format";
pub(super) const META_EPOCH: &str = "epoch";
pub(super) const META_SEQ: &str = "last_seq";
pub(super) const META_REVISION: &str = "last_revision";

/// seq → [`Entry`].
pub(super) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// (channel, n) → seq.
pub(super) const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");
/// channel → [`Head`].
pub(super) const HEADS: TableDefinition<'_, &str, HeadRow> = TableDefinition::new("heads");
/// (channel, `msg_id`) → (seq, n, expires at).
pub(super) const MSG_IDS: TableDefinition<'_, (&str, &str), (u64, u64, i64)> =
    TableDefinition::new("msg_ids");
/// (expires at, kind, key) of whatever expires.
pub(super) const EXPIRY: TableDefinition<'_, (i64, u8, &[u8]), ()> = TableDefinition::new("expiry");
/// (due at, schedule's key) → the append.
pub(super) const DUE: TableDefinition<'_, (i64, &str), &[u8]> = TableDefinition::new("due");
/// schedule's key → due at.
pub(super) const SCHEDULED: TableDefinition<'_, &str, i64> = TableDefinition::new("scheduled");
/// Channels that still hold records below their `first_n`.
pub(super) const TRIMS: TableDefinition<'_, &str, ()> = TableDefinition::new("trims");
/// (bucket, key) → (revision, expires at, value).
pub(super) const KV: TableDefinition<'_, (&str, &str), (u64, i64, &[u8])> =
    TableDefinition::new("kv");

/// The key of an [`EXPIRY`] row is a seq in big endian.
pub(super) const EXPIRES_RECORD: u8 = 0;
/// The key is channel, zero byte, `msg_id`.
pub(super) const EXPIRES_MSG_ID: u8 = 1;
/// The key is bucket, zero byte, key.
pub(super) const EXPIRES_KV: u8 = 2;

/// last seq, last n, `first_n`, live seq, live n, live expires at.
type HeadRow = (u64, u64, u64, u64, u64, i64);

/// Every table a commit may write.
pub(super) struct Tables<'txn> {
    pub(super) meta: Table<'txn, &'static str, u64>,
    pub(super) log: Table<'txn, u64, &'static [u8]>,
    pub(super) index: Table<'txn, (&'static str, u64), u64>,
    pub(super) heads: Table<'txn, &'static str, HeadRow>,
    pub(super) msg_ids: Table<'txn, (&'static str, &'static str), (u64, u64, i64)>,
    pub(super) expiry: Table<'txn, (i64, u8, &'static [u8]), ()>,
    pub(super) due: Table<'txn, (i64, &'static str), &'static [u8]>,
    pub(super) scheduled: Table<'txn, &'static str, i64>,
    pub(super) trims: Table<'txn, &'static str, ()>,
    pub(super) kv: Table<'txn, (&'static str, &'static str), (u64, i64, &'static [u8])>,
}

impl<'txn> Tables<'txn> {
    pub(super) fn open(writing: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            meta: writing.open_table(META)?,
            log: writing.open_table(LOG)?,
            index: writing.open_table(INDEX)?,
            heads: writing.open_table(HEADS)?,
            msg_ids: writing.open_table(MSG_IDS)?,
            expiry: writing.open_table(EXPIRY)?,
            due: writing.open_table(DUE)?,
            scheduled: writing.open_table(SCHEDULED)?,
            trims: writing.open_table(TRIMS)?,
            kv: writing.open_table(KV)?,
        })
    }
}

/// What a reader of channels needs.
pub(super) struct LogTables {
    pub(super) log: ReadOnlyTable<u64, &'static [u8]>,
    pub(super) index: ReadOnlyTable<(&'static str, u64), u64>,
    pub(super) heads: ReadOnlyTable<&'static str, HeadRow>,
}

impl LogTables {
    pub(super) fn open(reading: &ReadTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            log: reading.open_table(LOG)?,
            index: reading.open_table(INDEX)?,
            heads: reading.open_table(HEADS)?,
        })
    }
}

/// Where a channel ends. "Live" is the last record that is still there, which the next record's `prev_seq` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) last: Position,
    pub(super) first_n: u64,
    pub(super) live: Position,
    pub(super) live_expires_at_ms: i64,
}

impl Head {
    /// Of a channel nothing was ever appended to.
    pub(super) const EMPTY: Self = Self {
        last: Position { seq: 0, n: 0 },
        first_n: 1,
        live: Position { seq: 0, n: 0 },
        live_expires_at_ms: NEVER,
    };

    pub(super) fn from_row(row: HeadRow) -> Self {
        let (last_seq, last_n, first_n, live_seq, live_n, live_expires_at_ms) = row;
        Self {
            last: Position {
                seq: last_seq,
                n: last_n,
            },
            first_n,
            live: Position {
                seq: live_seq,
                n: live_n,
            },
            live_expires_at_ms,
        }
    }

    pub(super) fn to_row(self) -> HeadRow {
        (
            self.last.seq,
            self.last.n,
            self.first_n,
            self.live.seq,
            self.live.n,
            self.live_expires_at_ms,
        )
    }
}

/// A row of [`LOG`]: four numbers, the channel's name with its length, the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) n: u64,
    pub(super) prev_seq: u64,
    pub(super) stored_at_ms: i64,
    pub(super) expires_at_ms: i64,
    pub(super) channel: &'a str,
    pub(super) payload: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(super) fn encoded_len(&self) -> usize {
        4 * 8 + 1 + self.channel.len() + self.payload.len()
    }

    /// Fills `row`, which is [`encoded_len`](Self::encoded_len) long.
    pub(super) fn encode(&self, row: &mut [u8]) {
        let (fixed, rest) = row.split_at_mut(4 * 8);
        fixed[..8].copy_from_slice(&self.n.to_le_bytes());
        fixed[8..16].copy_from_slice(&self.prev_seq.to_le_bytes());
        fixed[16..24].copy_from_slice(&self.stored_at_ms.to_le_bytes());
        fixed[24..].copy_from_slice(&self.expires_at_ms.to_le_bytes());
        let channel = self.channel.as_bytes();
        // A channel's name is a kind and at most 128 bytes.
        rest[0] = u8::try_from(channel.len()).unwrap_or(u8::MAX);
        rest[1..=channel.len()].copy_from_slice(channel);
        rest[1 + channel.len()..].copy_from_slice(self.payload);
    }

    pub(super) fn decode(row: &'a [u8]) -> Result<Self, redb::Error> {
        Self::try_decode(row).ok_or_else(|| damaged("a record cannot be read"))
    }

    fn try_decode(row: &'a [u8]) -> Option<Self> {
        let (n, row) = row.split_first_chunk()?;
        let (prev_seq, row) = row.split_first_chunk()?;
        let (stored_at_ms, row) = row.split_first_chunk()?;
        let (expires_at_ms, row) = row.split_first_chunk()?;
        let (length, row) = row.split_first()?;
        let (channel, payload) = row.split_at_checked(usize::from(*length))?;
        Some(Self {
            n: u64::from_le_bytes(*n),
            prev_seq: u64::from_le_bytes(*prev_seq),
            stored_at_ms: i64::from_le_bytes(*stored_at_ms),
            expires_at_ms: i64::from_le_bytes(*expires_at_ms),
            channel: std::str::from_utf8(channel).ok()?,
            payload,
        })
    }

    pub(super) fn to_record(self, channel: Channel, seq: u64) -> crate::log::Record {
        crate::log::Record {
            channel,
            position: Position { seq, n: self.n },
            prev_seq: self.prev_seq,
            stored_at_ms: self.stored_at_ms,
            expires_at_ms: expires(self.expires_at_ms),
            payload: Bytes::copy_from_slice(self.payload),
            trace: None,
        }
    }
}

/// As readers are told.
pub(super) fn expires(at_ms: i64) -> Option<i64> {
    (at_ms != NEVER).then_some(at_ms)
}

/// When something with this time to live, written now, expires.
pub(super) fn expires_at(now_ms: i64, ttl_ms: Option<u64>) -> i64 {
    ttl_ms.map_or(NEVER, |ttl_ms| now_ms.saturating_add_unsigned(ttl_ms))
}

/// Two names as one [`EXPIRY`] key. The first never holds a zero byte.
pub(super) fn pair(first: &str, second: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(first.len() + 1 + second.len());
    key.extend_from_slice(first.as_bytes());
    key.push(0);
    key.extend_from_slice(second.as_bytes());
    key
}

/// Takes a [`pair`] apart.
pub(super) fn unpair(key: &[u8]) -> Result<(&str, &str), redb::Error> {
    std::str::from_utf8(key)
        .ok()
        .and_then(|text| text.split_once('\0'))
        .ok_or_else(|| damaged("an expiry cannot be read"))
}

/// A channel as it is stored.
pub(super) fn channel(name: &str) -> Result<Channel, redb::Error> {
    Channel::parse(name).map_err(|_unknown| damaged("a channel's name cannot be read"))
}

pub(super) fn damaged(what: &str) -> redb::Error {
    redb::Error::Corrupted(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_its_row_and_a_cut_row_is_refused() {
        let entry = Entry {
            n: 7,
            prev_seq: 5,
            stored_at_ms: -1,
            expires_at_ms: NEVER,
            channel: "user:7",
            payload: b"payload",
        };
        let mut row = vec![0; entry.encoded_len()];
        entry.encode(&mut row);
        assert_eq!(Entry::decode(&row).unwrap(), entry);
        for length in 0..4 * 8 + 1 + "user:7".len() {
            assert!(Entry::decode(&row[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_pair_is_taken_apart_at_the_first_zero() {
        assert_eq!(unpair(&pair("user:7", "a\0b")).unwrap(), ("user:7", "a\0b"));
    }
}
