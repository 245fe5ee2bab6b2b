//! Frames of a server: whole messages, not masked, each length in its shortest form.

use super::{
    CONTROL_BYTES, OpCode,
    deflate::deflate,
    header::{COMPRESSED, FIN},
};
use fanfare_proto::CloseCode;

/// The longest header without a mask.
const HEADER_BYTES: usize = 10;

/// Shortest payload that is compressed, in bytes. Without a context, 128 B of JSON shrink by 2 %, 256 B by a fifth.
const COMPRESSED_BYTES: usize = 256;

/// Appends the header of a frame of one piece with `payload_len` bytes to `out`.
pub fn header(opcode: OpCode, payload_len: usize, out: &mut Vec<u8>) {
    head(FIN | opcode as u8, payload_len, out);
}

fn head(first: u8, payload_len: usize, out: &mut Vec<u8>) {
    out.push(first);
    if payload_len <= CONTROL_BYTES {
        out.push(payload_len.to_le_bytes()[0]);
    } else if let Ok(length) = u16::try_from(payload_len) {
        out.push(126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(payload_len as u64).to_be_bytes());
    }
}

/// A text message. `payload` must be UTF-8; all of ours is JSON.
#[must_use]
pub fn text(payload: &[u8]) -> Vec<u8> {
    frame(FIN | OpCode::Text as u8, &[payload])
}

/// A compressed text message, the same one for every peer whose [`Agreement`](super::Agreement) admits a payload of this
/// length. `None` when the payload is too short for it or does not shrink: then [`text`] is for all.
///
/// Takes 3 µs for 1 KiB of JSON and 2 ns for each byte beyond. `payload` must be UTF-8.
#[must_use]
pub fn compressed(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() < COMPRESSED_BYTES {
        return None;
    }
    let shrunk = deflate(payload)?;
    Some(frame(FIN | COMPRESSED | OpCode::Text as u8, &[&shrunk]))
}

/// A ping. What `payload` has beyond [`CONTROL_BYTES`] is cut off.
#[must_use]
pub fn ping(payload: &[u8]) -> Vec<u8> {
    frame(FIN | OpCode::Ping as u8, &[cut(payload)])
}

/// The answer to a ping with `payload`. What it has beyond [`CONTROL_BYTES`] is cut off; no ping has more.
#[must_use]
pub fn pong(payload: &[u8]) -> Vec<u8> {
    frame(FIN | OpCode::Pong as u8, &[cut(payload)])
}

/// A close frame. `reason` is cut, between characters, to what a control frame holds.
#[must_use]
pub fn close(code: CloseCode, reason: &str) -> Vec<u8> {
    let code = code.as_u16().to_be_bytes();
    let reason_len = reason.floor_char_boundary(CONTROL_BYTES - code.len());
    frame(
        FIN | OpCode::Close as u8,
        &[&code, &reason.as_bytes()[..reason_len]],
    )
}

fn cut(payload: &[u8]) -> &[u8] {
    payload.get(..CONTROL_BYTES).unwrap_or(payload)
}

fn frame(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let payload_len = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(HEADER_BYTES + payload_len);
    head(first, payload_len, &mut out);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
