//! Deflate by zlib itself, the C library: the other implementation of what the server does with zlib-rs.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a client may make of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// As everybody does: one flush at the end.
    Flushed,
    /// A flush behind each so many bytes as well.
    FlushedEvery(usize),
    /// In a block that says it is the last one, then the empty block that RFC 7692 (7.2.3.4) wants behind it.
    Final,
    /// The same without the empty block.
    FinalAlone,
    /// In many streams, each of so many bytes and with a last block.
    FinalEvery(usize),
}

/// `text` as the payload of a compressed message. Level 0 stores.
pub(crate) fn deflate(text: &[u8], level: u32, form: Form) -> Vec<u8> {
    let (piece, flush) = match form {
        Form::Flushed => (usize::MAX, FlushCompress::Sync),
        Form::FlushedEvery(len) => (len, FlushCompress::Sync),
        Form::Final | Form::FinalAlone => (usize::MAX, FlushCompress::Finish),
        Form::FinalEvery(len) => (len, FlushCompress::Finish),
    };
    let mut zlib = Compress::new(Compression::new(level), false);
    let mut out = Vec::with_capacity(text.len() * 2 + 64);
    for piece in pieces(text, piece) {
        out.reserve(piece.len() * 2 + 64);
        zlib.compress_vec(piece, &mut out, flush)
            .expect("zlib compresses anything");
        if matches!(flush, FlushCompress::Finish) {
            zlib.reset();
        }
    }
    match form {
        Form::Flushed | Form::FlushedEvery(_) => {
            let end = out.len() - 4;
            assert_eq!(out[end..], [0, 0, 0xff, 0xff]);
            out.truncate(end);
        }
        Form::Final | Form::FinalEvery(_) => out.push(0),
        Form::FinalAlone => {}
    }
    out
}

/// At least one piece, also of nothing.
fn pieces(text: &[u8], len: usize) -> impl Iterator<Item = &[u8]> {
    let empty = text.is_empty().then_some(text);
    empty.into_iter().chain(text.chunks(len))
}

/// What a client with a window of 2^`window_bits` bytes makes of the payload of a compressed message. `None`: not what
/// was meant, or not at all.
///
/// Reads in small steps: zlib could look beyond its window into what one call has written.
pub(crate) fn inflate(payload: &[u8], window_bits: u8) -> Option<Vec<u8>> {
    let mut zlib = Decompress::new_with_window_bits(false, window_bits);
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut out = Vec::new();
    loop {
        let read = usize::try_from(zlib.total_in()).expect("a part of the input");
        let mut step = [0; 16];
        let before = zlib.total_out();
        let status = zlib.decompress(&input[read..], &mut step, FlushDecompress::None);
        let len = usize::try_from(zlib.total_out() - before).expect("a part of the step");
        out.extend_from_slice(&step[..len]);
        match status {
            Ok(Status::Ok) => {}
            // Nothing is left to read or to write.
            Ok(Status::BufError) => return (read == input.len()).then_some(out),
            Ok(Status::StreamEnd) | Err(_) => return None,
        }
    }
}
