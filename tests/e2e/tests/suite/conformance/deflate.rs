//! Deflate as a client does it, with a library the server has nothing of.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// How a sync flush ends; it does not travel (RFC 7692, 7.2.1).
const SYNC: [u8; 4] = [0, 0, 0xff, 0xff];

/// A last block, of nothing: behind a message that is whole, it ends the stream.
const LAST_BLOCK: [u8; 2] = [0x03, 0];

/// Inflated at once. Less than any window, so that the window is all that is left of what came before.
const CHUNK_BYTES: usize = 64;

/// The smallest window this library knows.
const MIN_WINDOW_BITS: u8 = 9;

/// A message, compressed. `level`: 0, which only stores, to 9.
pub(super) fn deflate(message: impl AsRef<[u8]>, level: u32) -> Vec<u8> {
    deflate_pieces(message, level, usize::MAX, FlushCompress::Sync)
}

/// A message, compressed, with a flush behind each `size` bytes of it.
pub(super) fn deflate_pieces(
    message: impl AsRef<[u8]>,
    level: u32,
    size: usize,
    flush: FlushCompress,
) -> Vec<u8> {
    let message = message.as_ref();
    let mut compress = Compress::new(Compression::new(level), false);
    let mut out = Vec::new();
    let pieces = message.chunks(size.min(message.len()).max(1));
    for piece in pieces {
        push(&mut compress, piece, flush, &mut out);
    }
    let len = out.strip_suffix(&SYNC).map(<[u8]>::len);
    out.truncate(len.expect("a flush ends as it does"));
    out
}

/// A message in blocks of which one says that it is the last (RFC 7692, 7.2.3.4).
pub(super) fn deflate_final(message: impl AsRef<[u8]>, level: u32) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(level), false);
    let mut out = Vec::new();
    push(
        &mut compress,
        message.as_ref(),
        FlushCompress::Finish,
        &mut out,
    );
    out.push(0);
    out
}

fn push(compress: &mut Compress, piece: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    // Stored blocks and flushes add a few bytes to what cannot be made smaller.
    out.reserve(piece.len() + piece.len() / 8 + 64);
    let read = compress.total_in();
    compress
        .compress_vec(piece, out, flush)
        .expect("deflate takes any bytes");
    assert_eq!(compress.total_in() - read, piece.len() as u64);
}

/// What the server compressed, with a window of no more than `window_bits`.
///
/// # Errors
///
/// It is no whole message, or points back beyond the window.
pub(super) fn inflate(compressed: &[u8], window_bits: u8) -> Result<Vec<u8>, String> {
    let bits = window_bits.max(MIN_WINDOW_BITS);
    let mut inflate = Decompress::new_with_window_bits(false, bits);
    let input = [compressed, &SYNC, &LAST_BLOCK].concat();
    let (mut message, mut read) = (Vec::new(), 0);
    loop {
        let mut chunk = [0; CHUNK_BYTES];
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(&input[read..], &mut chunk, FlushDecompress::None)
            .map_err(|error| format!("no deflate in a window of {bits} bits: {error}"))?;
        let moved = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        read += moved(inflate.total_in(), before.0);
        message.extend_from_slice(&chunk[..moved(inflate.total_out(), before.1)]);
        match status {
            Status::StreamEnd if read == input.len() => return Ok(message),
            Status::StreamEnd => return Err("a last block before the end".to_owned()),
            Status::BufError => return Err("half a message".to_owned()),
            Status::Ok => {}
        }
    }
}

#[test]
fn a_window_is_all_that_is_kept() {
    let block: Vec<u8> = (0..=255)
        .flat_map(|at: u8| [at, at ^ 0x5a, at / 3])
        .collect();
    let far = deflate([&block[..], &block].concat(), 9);
    assert_eq!(inflate(&far, 10).map(|own| own.len()), Ok(2 * block.len()));
    inflate(&far, 9).unwrap_err();
    inflate(&far[..far.len() - 1], 15).unwrap_err();
}
