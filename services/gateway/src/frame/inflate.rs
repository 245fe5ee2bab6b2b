//! Restores one compressed message as RFC 7692 (7.2.2) wants it.

use super::{
    Violation,
    deflate::{SYNC_FLUSH, WINDOW_BITS},
};
use std::cell::RefCell;
use zlib_rs::{Inflate, InflateFlush, Status};

/// Most bytes that one byte of deflate can stand for: a code of two bits repeats 258 bytes.
const EXPANSION: usize = 1_032;

/// What is read behind a message: the end of the flush, which did not travel, and a last, empty block. A message that was
/// cut off does not end with it.
const TAIL: [u8; 6] = {
    let [a, b, c, d] = SYNC_FLUSH;
    [a, b, c, d, 0x03, 0x00]
};

thread_local! {
    /// Holds 46 KiB from the first use on, and never more. Only threads that inflate have one.
    static INFLATE: RefCell<Inflate> = RefCell::new(Inflate::new(false, WINDOW_BITS));
}

/// The message that `compressed`, the payloads of all its frames, stands for. Its buffer is made once, holds at most one
/// byte more than `max_bytes`, and is never longer than what `compressed` can be blown up to.
///
/// # Errors
///
/// [`Violation::TooLarge`] when it has more than `max_bytes`; [`Violation::Deflate`] when it is no deflate, points back
/// beyond its own beginning, or ends too early.
pub(super) fn inflate(compressed: &[u8], max_bytes: usize) -> Result<Vec<u8>, Violation> {
    let expansion = compressed.len().saturating_add(TAIL.len());
    let most = expansion.saturating_mul(EXPANSION).min(max_bytes);
    let mut message = Message {
        bytes: vec![0; most.saturating_add(1)],
        len: 0,
        between_streams: true,
    };
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(false);
        message.read(inflate, compressed)?;
        // A message may use blocks that say they are the last ones (7.2.3.4). It then ends with an empty block more, but
        // some senders forget that, and zlib as most use it does not mind. Nothing is missing then, nor is it in a
        // message of no bytes.
        if !message.between_streams {
            message.read(inflate, &TAIL)?;
        }
        Ok(())
    })?;
    if !message.between_streams {
        return Err(Violation::Deflate);
    }
    message.bytes.truncate(message.len);
    Ok(message.bytes)
}

/// A message while it is inflated.
struct Message {
    /// One byte longer than the message may be: whoever writes that byte has written too much.
    bytes: Vec<u8>,
    len: usize,
    /// Nothing of the deflate stream under way has been read.
    between_streams: bool,
}

impl Message {
    fn read(&mut self, inflate: &mut Inflate, mut compressed: &[u8]) -> Result<(), Violation> {
        while !compressed.is_empty() {
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let room = &mut self.bytes[self.len..];
            let status = match inflate.decompress(compressed, room, InflateFlush::NoFlush) {
                Ok(Status::BufError) | Err(_) => return Err(Violation::Deflate),
                Ok(status) => status,
            };
            compressed = &compressed[moved(inflate.total_in(), read)..];
            self.len += moved(inflate.total_out(), written);
            if self.len == self.bytes.len() {
                return Err(Violation::TooLarge);
            }
            self.between_streams = status == Status::StreamEnd;
            if self.between_streams {
                // Behind a last block another stream may begin, at the next byte and with no memory of this one.
                inflate.reset(false);
            }
        }
        Ok(())
    }
}

/// How far a counter of the inflater moved, within the slices it was given.
fn moved(now: u64, before: u64) -> usize {
    usize::try_from(now - before).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn repeated(len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len + 64);
        Compress::new(Compression::best(), false)
            .compress_vec(&vec![b'a'; len], &mut out, FlushCompress::Sync)
            .unwrap();
        out.truncate(out.len() - SYNC_FLUSH.len());
        out
    }

    #[test]
    fn nothing_is_reserved_beyond_the_limit_or_the_expansion() {
        let message = inflate(&repeated(1_000_000), 1_000_000).unwrap();
        assert_eq!(message.len(), 1_000_000);
        assert_eq!(message.capacity(), 1_000_001);
        let message = inflate(&[0], usize::MAX).unwrap();
        assert!(message.is_empty());
        assert_eq!(message.capacity(), (1 + TAIL.len()) * EXPANSION + 1);
    }

    #[test]
    fn an_inflater_forgets_what_it_choked_on() {
        for payload in [&repeated(1_000_000)[..], b"\x07", b"\xf2\x48\xcd"] {
            inflate(payload, 1_000).unwrap_err();
            assert_eq!(inflate(&repeated(10), 1_000).unwrap(), [b'a'; 10]);
        }
    }
}
