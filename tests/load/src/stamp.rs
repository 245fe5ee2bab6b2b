//! What a publication of a run says about itself: its number among those that were published, and when.

use std::fmt::Write as _;

/// In front of a stamp; nothing else on the wire looks like it.
const MARKER: &str = "#bench:";

/// Digits of the number and of the time, each followed by a colon.
const SEQ_DIGITS: usize = 10;
const NS_DIGITS: usize = 20;

/// Bytes of a stamp.
pub(crate) const STAMP_BYTES: usize = MARKER.len() + SEQ_DIGITS + NS_DIGITS + 2;

/// Words of the filling, so that it deflates about as well as people's JSON does.
const WORDS: [&str; 16] = [
    "order ", "price ", "build ", "alice ", "ready ", "since ", "total ", "north ", "reply ",
    "green ", "thread ", "shipped ", "invoice ", "closed ", "review ", "status ",
];

/// Ordinals from here on are of live data, in the order of publishing: beyond whatever a log gives out here.
pub(crate) const LIVE: u64 = 1 << 40;

/// What stands in a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Its number among those that were published.
    pub(crate) seq: u64,
    /// When it was due, on the monotonic clock.
    pub(crate) sent_ns: u64,
}

/// A publication as a reader finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Its ordinal in the channel; what is not stored has none, and gets one of its own, from [`LIVE`] on.
    pub(crate) n: u64,
    pub(crate) stamp: Stamp,
}

impl Stamp {
    /// A text of `bytes` (at least [`STAMP_BYTES`]) that carries this stamp and needs no escapes in JSON.
    pub(crate) fn text(self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 8);
        // Writing to a String cannot fail.
        let _written = write!(
            text,
            "{MARKER}{:0SEQ_DIGITS$}:{:0NS_DIGITS$}:",
            self.seq, self.sent_ns
        );
        let mut state = self.seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        while text.len() < bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(WORDS[usize::from(state.to_be_bytes()[0] >> 4)]);
        }
        text.truncate(bytes.max(STAMP_BYTES));
        text
    }
}

impl Reading {
    /// Finds ordinal and stamp in the text of a frame.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        let stamp = &text[find(text, MARKER.as_bytes())? + MARKER.len()..];
        let seq = digits(stamp.get(..SEQ_DIGITS)?)?;
        let sent_ns = digits(stamp.get(SEQ_DIGITS + 1..SEQ_DIGITS + 1 + NS_DIGITS)?)?;
        let n = match find(text, b"\"n\":") {
            Some(at) => {
                let n = &text[at + 4..];
                let end = n.iter().position(|byte| !byte.is_ascii_digit())?;
                digits(&n[..end])?
            }
            None => LIVE + seq,
        };
        Some(Self {
            n,
            stamp: Stamp { seq, sent_ns },
        })
    }
}

/// Where `part` first stands in `text`.
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn digits(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_again() {
        let stamp = Stamp {
            seq: 17,
            sent_ns: 123_456_789_012,
        };
        for bytes in [STAMP_BYTES, 126, 1_022] {
            let text = stamp.text(bytes);
            assert_eq!(text.len(), bytes);
            let frame = format!(r#"{{"type":"publication","n":42,"data":"{text}"}}"#);
            assert_eq!(
                Reading::of(frame.as_bytes()),
                Some(Reading { n: 42, stamp })
            );
        }
    }

    #[test]
    fn what_carries_no_stamp_gives_none() {
        for text in ["", "{}", r#"{"n":4}"#, r##"{"n":4,"data":"#bench:00000"}"##] {
            assert_eq!(Reading::of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn live_data_is_counted_by_its_stamps() {
        let stamp = Stamp { seq: 3, sent_ns: 2 };
        let frame = format!(r#"{{"type":"publication","data":"{}"}}"#, stamp.text(64));
        let n = LIVE + 3;
        assert_eq!(Reading::of(frame.as_bytes()), Some(Reading { n, stamp }));
    }
}
