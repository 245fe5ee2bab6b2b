//! The same as `frame` for a connection that agreed on compression. tungstenite does not compress: it is given the
//! stream with each compressed message inflated by miniz, the independent engine.
//!
//! Then the stream again: as nothing but the payload of a compressed message, which reaches deeper into the inflater; as
//! what a client compresses, which must be taken whatever the inflater choked on before; as what the server compresses;
//! and as what a client offers.
#![no_main]

mod decoding;

use decoding::Seen;
use fanfare_gateway::frame::{self, negotiate};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use libfuzzer_sys::fuzz_target;

const RSV1: u8 = 0x40;
const FIN: u8 = 0x80;
const TEXT: u8 = 0x01;
/// Room beyond what comes out, in which miniz finds that nothing more does.
const SLACK: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some((pieces, stream)) = decoding::pieces_and_stream(input) else {
        return;
    };
    let agreement = negotiate(["permessage-deflate"]);
    let (events, _end) = decoding::decode(agreement, stream, pieces);
    decoding::compare(&plain(stream), &events);

    let message = client_frame(FIN | RSV1 | TEXT, stream);
    let (events, _end) = decoding::decode(agreement, &message, pieces);
    if let [Seen::Text(text)] = &events[..] {
        assert_eq!(
            inflate(stream, text.len() + SLACK).as_deref(),
            Some(text.as_bytes())
        );
    }

    let text = String::from_utf8_lossy(stream);
    let text = &text[..text.floor_char_boundary(decoding::LIMIT as usize)];
    let payload = deflate(text.as_bytes());
    if payload.len() <= decoding::LIMIT as usize {
        let message = client_frame(FIN | RSV1 | TEXT, &payload);
        let (events, _end) = decoding::decode(agreement, &message, pieces);
        assert_eq!(events, [Seen::Text(text.to_owned())]);
    }

    let _accepted = negotiate([stream]);

    if let Some(shared) = frame::compressed(stream) {
        let head = if shared[1] < 126 { 2 } else { 4 };
        assert!(shared.len() < frame::text(stream).len());
        assert_eq!(
            inflate(&shared[head..], stream.len() + SLACK).as_deref(),
            Some(stream)
        );
    }
});

/// The frames of `stream` with its compressed messages inflated, up to the first that is not whole or not right.
fn plain(mut stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut compressed = None;
    while let Some((first, payload, rest)) = split_frame(stream) {
        stream = rest;
        let is_control = first & 0x08 != 0;
        let message = match &mut compressed {
            Some(message) if !is_control => message,
            None if first & RSV1 != 0 => compressed.insert(Vec::new()),
            _ => {
                out.extend(client_frame(first, &payload));
                continue;
            }
        };
        message.extend_from_slice(&payload);
        if first & FIN != 0 {
            let message = compressed
                .take()
                .map(|own| inflate(&own, decoding::LIMIT as usize));
            let Some(Some(text)) = message else {
                return out;
            };
            out.extend(client_frame(FIN | TEXT, &text));
        }
    }
    out
}

/// The first byte, the payload and what follows, if a whole frame with a mask stands there.
fn split_frame(stream: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let (&[first, second], rest) = stream.split_first_chunk()?;
    let (length, rest) = match second & 0x7f {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), rest)
        }
        short => (u64::from(short), rest),
    };
    let (mask, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(mask.iter().cycle());
    Some((first, payload.map(|(byte, key)| byte ^ key).collect(), rest))
}

/// A client's frame whose mask changes nothing.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ ..126 => out.push(0x80 | len as u8),
        len @ ..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
    out
}

/// `text` as the payload of a compressed message, by miniz.
fn deflate(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * text.len() + SLACK);
    Compress::new(Compression::default(), false)
        .compress_vec(text, &mut out, FlushCompress::Sync)
        .expect("miniz compresses anything");
    assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xff, 0xff]);
    out
}

/// What `payload` stands for, by miniz. `None`: nothing, or more than `max_len`.
fn inflate(payload: &[u8], max_len: usize) -> Option<Vec<u8>> {
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut rest = &input[..];
    let mut out = Vec::new();
    let mut miniz = Decompress::new(false);
    while !rest.is_empty() {
        let before = miniz.total_in();
        let mut part = Vec::with_capacity(max_len - out.len() + SLACK);
        let status = miniz
            .decompress_vec(rest, &mut part, FlushDecompress::None)
            .ok()?;
        let read = usize::try_from(miniz.total_in() - before).ok()?;
        rest = &rest[read..];
        out.append(&mut part);
        if out.len() > max_len || (read == 0 && status != Status::StreamEnd) {
            return None;
        }
        if status == Status::StreamEnd {
            // Behind a last block another stream begins.
            miniz = Decompress::new(false);
        }
    }
    Some(out)
}
