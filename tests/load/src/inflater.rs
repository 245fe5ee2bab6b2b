//! Undoes permessage-deflate without context takeover (RFC 7692, 7.2.2).

use flate2::{Decompress, FlushDecompress};

/// Largest message that is inflated, in bytes: more than the server sends.
const TEXT_BYTES: usize = 256 * 1024;

/// What the sender has cut off the end of each message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Inflates messages one by one.
pub(crate) struct Inflater {
    state: Decompress,
    text: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            state: Decompress::new(false),
            text: Vec::with_capacity(TEXT_BYTES),
        }
    }
}

impl Inflater {
    /// The text of one message; `None` when it is none, or too long.
    pub(crate) fn text(&mut self, payload: &[u8]) -> Option<&[u8]> {
        self.state.reset(false);
        self.text.clear();
        for part in [payload, &TAIL] {
            let before = self.state.total_in();
            self.state
                .decompress_vec(part, &mut self.text, FlushDecompress::Sync)
                .ok()?;
            if self.state.total_in() - before != part.len() as u64 {
                return None;
            }
        }
        Some(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    #[test]
    fn each_message_stands_alone() {
        let mut inflater = Inflater::default();
        for text in [&b"hello hello hello"[..], b"", &[b'x'; 10_000]] {
            let mut deflated = Vec::with_capacity(20_000);
            Compress::new(Compression::fast(), false)
                .compress_vec(text, &mut deflated, FlushCompress::Sync)
                .unwrap();
            deflated.truncate(deflated.len() - TAIL.len());
            assert_eq!(inflater.text(&deflated), Some(text));
        }
        assert_eq!(inflater.text(b"\xff\xff\xff"), None);
    }

    #[test]
    fn a_message_that_needs_the_one_before_is_no_message() {
        let mut sender = Compress::new(Compression::best(), false);
        let mut deflate = |text: &[u8]| {
            let mut out = Vec::with_capacity(1_000);
            sender
                .compress_vec(text, &mut out, FlushCompress::Sync)
                .unwrap();
            out.truncate(out.len() - TAIL.len());
            out
        };
        let text = b"a line that comes twice, the second time by pointing back";
        let (first, second) = (deflate(text), deflate(text));
        assert!(second.len() < first.len() / 2, "the sender points back");
        let mut inflater = Inflater::default();
        assert_eq!(inflater.text(&first), Some(&text[..]));
        assert_ne!(inflater.text(&second), Some(&text[..]));
        assert_eq!(inflater.text(&first), Some(&text[..]));
    }
}
