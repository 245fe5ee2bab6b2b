//! Where a page of the inbox ended: opaque to clients.
//!
//! For each channel it holds the ordinal below which nothing was given out, so that what comes in meanwhile moves
//! nothing. Channels stand in it as a part of their digest, which keeps it short and tells nobody their names.

use crate::{fields::Flaw, hash};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fanfare_proto::Channel;
use std::collections::BTreeMap;

/// First byte of every cursor of this shape.
const VERSION: u8 = 1;
/// Bytes of one channel: eight of the digest, eight of the ordinal.
const ENTRY_BYTES: usize = 16;
/// Longest cursor that is read, in bytes: far more channels than an inbox merges.
const BYTES_MAX: usize = 1 + 512 * ENTRY_BYTES;

/// For each channel, what lies below was not given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor(BTreeMap<[u8; 8], u64>);

/// A restored log has another epoch, and so its channels are not found in old cursors.
fn name(channel: &Channel, epoch: u32) -> [u8; 8] {
    let digest = hash::sha256(&[channel.name().as_bytes(), &epoch.to_be_bytes()]);
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    short
}

impl Cursor {
    pub(crate) fn set(&mut self, channel: &Channel, epoch: u32, before: u64) {
        self.0.insert(name(channel, epoch), before);
    }

    pub(crate) fn get(&self, channel: &Channel, epoch: u32) -> Option<u64> {
        self.0.get(&name(channel, epoch)).copied()
    }

    pub(crate) fn encode(&self) -> String {
        let mut bytes = vec![VERSION];
        for (name, before) in &self.0 {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&before.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let bad = || Flaw::bad("cursor", "is not one that this inbox gave out");
        if text.len() > BYTES_MAX * 2 {
            return Err(bad());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_text| bad())?;
        let (entries, rest) = match bytes.split_first() {
            Some((&VERSION, entries)) if bytes.len() <= BYTES_MAX => {
                entries.as_chunks::<ENTRY_BYTES>()
            }
            _ => return Err(bad()),
        };
        if !rest.is_empty() {
            return Err(bad());
        }
        let entry = |entry: &[u8; ENTRY_BYTES]| {
            let (mut name, mut before) = ([0; 8], [0; 8]);
            name.copy_from_slice(&entry[..8]);
            before.copy_from_slice(&entry[8..]);
            (name, u64::from_be_bytes(before))
        };
        Ok(Self(entries.iter().map(entry).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let (user, all) = (Channel::parse("user:7").unwrap(), Channel::all());
        let mut cursor = Cursor::default();
        cursor.set(&user, 1, 42);
        cursor.set(&all, 1, 7);
        let read = Cursor::parse(&cursor.encode()).unwrap();
        assert_eq!(read, cursor);
        assert_eq!(read.get(&user, 1), Some(42));
        assert_eq!(read.get(&user, 2), None);
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "A".repeat(40_000);
        for text in ["", "x", "AQ=", "Ag", "AQAA", "../..", &long] {
            assert!(Cursor::parse(text).is_err(), "{text:.20}");
        }
    }
}
