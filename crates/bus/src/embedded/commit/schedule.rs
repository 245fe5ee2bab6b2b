//! Appends that wait for their time.

use super::{Commit, sweep::removed_damaged};
use crate::embedded::schema;
use crate::log::{Append, Expect};
use bytes::Bytes;
use redb::ReadableTable as _;

impl Commit<'_> {
    pub(super) fn schedule(
        &mut self,
        at_ms: i64,
        key: &str,
        append: Append,
    ) -> Result<(), redb::Error> {
        self.unschedule(key)?;
        if at_ms <= self.terms.now_ms {
            return self.fire(key, append);
        }
        let row = encode(&append);
        self.tables.due.insert((at_ms, key), row.as_slice())?;
        self.tables.scheduled.insert(key, at_ms)?;
        Ok(())
    }

    /// `false` when there was nothing.
    pub(super) fn unschedule(&mut self, key: &str) -> Result<bool, redb::Error> {
        let at_ms = self
            .tables
            .scheduled
            .remove(key)?
            .map(|at_ms| at_ms.value());
        if let Some(at_ms) = at_ms {
            self.tables.due.remove((at_ms, key))?;
        }
        Ok(at_ms.is_some())
    }

    /// Appends the first that is due; `false` when none is.
    pub(super) fn fire_next(&mut self) -> Result<bool, redb::Error> {
        let next = match self.tables.due.first()? {
            Some((row_key, row)) => {
                let (at_ms, key) = row_key.value();
                if at_ms > self.terms.now_ms {
                    return Ok(false);
                }
                (at_ms, key.to_owned(), decode(row.value()))
            }
            None => return Ok(false),
        };
        let (at_ms, key, append) = next;
        self.tables.due.remove((at_ms, key.as_str()))?;
        self.tables.scheduled.remove(key.as_str())?;
        match append {
            Ok(append) => self.fire(&key, append)?,
            Err(_damaged) => removed_damaged("a scheduled append"),
        }
        Ok(true)
    }

    fn fire(&mut self, key: &str, append: Append) -> Result<(), redb::Error> {
        let channel = append.channel.clone();
        if let Err(error) = self.append(append)? {
            tracing::warn!(key, %channel, %error, "a scheduled append was not done");
        }
        Ok(())
    }
}

const HAS_EXPECT: u8 = 1;
const HAS_TTL: u8 = 2;
const HAS_MSG_ID: u8 = 4;

/// Flags; the head it expects; its time to live; lengths and texts of channel and `msg_id`; the payload.
fn encode(append: &Append) -> Vec<u8> {
    let msg_id = append.msg_id.as_deref();
    let (expect_flag, expect) = match append.expect {
        Expect::Any => (0, 0),
        Expect::Head(n) => (HAS_EXPECT, n),
    };
    let ttl_flag = append.ttl_ms.map_or(0, |_some| HAS_TTL);
    let id_flag = msg_id.map_or(0, |_some| HAS_MSG_ID);
    let mut row = vec![expect_flag | ttl_flag | id_flag];
    row.extend_from_slice(&expect.to_le_bytes());
    row.extend_from_slice(&append.ttl_ms.unwrap_or(0).to_le_bytes());
    for text in [append.channel.name(), msg_id.unwrap_or_default()] {
        // Both are far below 64 KiB: checked where the append comes in.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        row.extend_from_slice(&length.to_le_bytes());
        row.extend_from_slice(text.as_bytes());
    }
    row.extend_from_slice(&append.payload);
    row
}

fn decode(row: &[u8]) -> Result<Append, redb::Error> {
    let (flags, channel, msg_id, append) =
        split(row).ok_or_else(|| schema::damaged("a scheduled append cannot be read"))?;
    Ok(Append {
        channel: schema::channel(channel)?,
        msg_id: (flags & HAS_MSG_ID != 0).then(|| msg_id.to_owned()),
        expect: match flags & HAS_EXPECT {
            0 => Expect::Any,
            _ => Expect::Head(append.0),
        },
        ttl_ms: (flags & HAS_TTL != 0).then_some(append.1),
        payload: Bytes::copy_from_slice(append.2),
        trace: None,
    })
}

type Split<'a> = (u8, &'a str, &'a str, (u64, u64, &'a [u8]));

fn split(row: &[u8]) -> Option<Split<'_>> {
    let (flags, row) = row.split_first()?;
    let (expect, row) = row.split_first_chunk()?;
    let (ttl_ms, row) = row.split_first_chunk()?;
    let (channel, row) = text(row)?;
    let (msg_id, payload) = text(row)?;
    let numbers = (u64::from_le_bytes(*expect), u64::from_le_bytes(*ttl_ms));
    Some((*flags, channel, msg_id, (numbers.0, numbers.1, payload)))
}

fn text(row: &[u8]) -> Option<(&str, &[u8])> {
    let (length, row) = row.split_first_chunk()?;
    let (text, row) = row.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_proto::Channel;

    #[test]
    fn a_scheduled_append_survives_its_row() {
        for (msg_id, expect, ttl_ms) in [
            (None, Expect::Any, None),
            (Some(String::new()), Expect::Head(0), Some(0)),
            (Some("id".to_owned()), Expect::Head(9), Some(5)),
        ] {
            let append = Append {
                channel: Channel::parse("room:1").unwrap(),
                msg_id: msg_id.clone(),
                expect,
                ttl_ms,
                payload: Bytes::from_static(b"payload"),
                trace: None,
            };
            let read = decode(&encode(&append)).unwrap();
            assert_eq!(read.channel, append.channel);
            assert_eq!(read.msg_id, msg_id);
            assert_eq!(read.expect, expect);
            assert_eq!(read.ttl_ms, ttl_ms);
            assert_eq!(read.payload, append.payload);
        }
        assert!(decode(&[0; 18]).is_err());
    }
}
