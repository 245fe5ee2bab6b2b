//! Compresses one message as RFC 7692 (7.2.1) wants it.

use std::cell::RefCell;
use zlib_rs::{Deflate, DeflateFlush, Status};

/// Base-two logarithm of the largest window that permessage-deflate knows, which is what a peer has that asked for
/// nothing else.
pub(super) const WINDOW_BITS: u8 = 15;

/// How a sync flush ends. The receiver puts it back, so it does not travel.
pub(super) const SYNC_FLUSH: [u8; 4] = [0, 0, 0xff, 0xff];

/// Of 1 to 9. A message is compressed once however many read it, but most have one reader on a node, and then a
/// compression stands beside a single write. On JSON of 256 B, 1 KiB and 4 KiB level 1 takes 2, 3 and 9 µs and leaves 83,
/// 58 and 44 %; level 2 takes 6, 11 and 21 µs and leaves 68, 46 and 33 %: two to three times the work for a fifth fewer
/// bytes. Level 6 takes 6, 12 and 31 µs for what level 2 leaves.
const LEVEL: i32 = 1;

thread_local! {
    /// Holds 371 KiB from the first use on, and never more. Only threads that compress have one.
    static DEFLATE: RefCell<Deflate> = RefCell::new(Deflate::new(LEVEL, false, WINDOW_BITS));
}

/// `payload`, compressed without any context. `None` when that does not make it smaller.
pub(super) fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    // Room for the worst that can come out, and some more for the flush. zlib-rs 0.6 does not forget in a reset where
    // output stands that it could not deliver, and panics some messages later.
    let mut out = vec![0; zlib_rs::compress_bound(payload.len()) + 4 * SYNC_FLUSH.len()];
    let len = DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        let status = deflate.compress(payload, &mut out, DeflateFlush::SyncFlush);
        let len = usize::try_from(deflate.total_out()).ok()?;
        (status == Ok(Status::Ok) && len < out.len()).then_some(len)
    })?;
    let shrunk = out[..len].strip_suffix(&SYNC_FLUSH)?.len();
    out.truncate(shrunk);
    (shrunk < payload.len()).then_some(out)
}
