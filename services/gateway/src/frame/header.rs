//! The first bytes of a client's frame.

use super::{CONTROL_BYTES, OpCode, Violation};

/// Longest header: two bytes, a length of eight, a mask of four.
pub(super) const HEADER_BYTES: usize = 14;

/// Set in the last, or only, frame of a message.
pub(super) const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
/// The reserved bit that says of a message that it is compressed (RFC 7692, 6).
pub(super) const COMPRESSED: u8 = 0x40;
const MASKED: u8 = 0x80;
/// The seven-bit lengths that announce a longer form.
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// What the frames before leave open to the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// A fragmented message is under way.
    pub(super) continuation: bool,
    /// How many more payload bytes its message may have.
    pub(super) payload_bytes: usize,
    /// How many more fragments its message may have.
    pub(super) fragments: u32,
    /// A message may be compressed.
    pub(super) compression: bool,
}

/// A header that broke no rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) fin: bool,
    /// Of the first frame of a message: all of its payloads together are compressed.
    pub(super) compressed: bool,
    pub(super) opcode: OpCode,
    pub(super) payload_bytes: usize,
    pub(super) mask: [u8; 4],
}

impl Header {
    /// Reads a header from the front of `bytes`; with it, how many bytes it took. `None`: more bytes are needed, and
    /// those that are there break no rule.
    pub(super) fn parse(
        bytes: &[u8],
        expected: Expected,
    ) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let opcode = opcode(first, expected)?;
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        let short = short_length(second, opcode)?;
        let Some((length, length_end)) = length(bytes, short)? else {
            return Ok(None);
        };
        let payload_bytes = match usize::try_from(length) {
            Ok(payload_bytes) if payload_bytes <= expected.payload_bytes => payload_bytes,
            // A control frame is no part of the message.
            Ok(payload_bytes) if is_control(opcode) => payload_bytes,
            _ => return Err(Violation::TooLarge),
        };
        let Some(&mask) = bytes.get(length_end..).and_then(<[u8]>::first_chunk) else {
            return Ok(None);
        };
        let header = Self {
            fin: first & FIN != 0,
            compressed: first & COMPRESSED != 0,
            opcode,
            payload_bytes,
            mask,
        };
        Ok(Some((header, length_end + mask.len())))
    }

    pub(super) const fn is_control(&self) -> bool {
        is_control(self.opcode)
    }
}

const fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong)
}

/// Checks the first byte of a header.
fn opcode(first: u8, expected: Expected) -> Result<OpCode, Violation> {
    let opcode = OpCode::try_from(first & 0x0f);
    let begins = matches!(opcode, Ok(OpCode::Text | OpCode::Binary));
    let known = if begins && expected.compression {
        COMPRESSED
    } else {
        0
    };
    if first & RESERVED & !known != 0 {
        return Err(Violation::ReservedBit);
    }
    let opcode = opcode.map_err(|_unknown| Violation::OpCode)?;
    match opcode {
        OpCode::Close | OpCode::Ping | OpCode::Pong if first & FIN == 0 => {
            Err(Violation::ControlFragmented)
        }
        OpCode::Text | OpCode::Binary if expected.continuation => Err(Violation::Interleaved),
        OpCode::Continuation if !expected.continuation => Err(Violation::Continuation),
        OpCode::Continuation if expected.fragments == 0 => Err(Violation::TooManyFragments),
        _ => Ok(opcode),
    }
}

/// Checks the second byte of a header. Returns its seven bits of length.
fn short_length(second: u8, opcode: OpCode) -> Result<u8, Violation> {
    if second & MASKED == 0 {
        return Err(Violation::Unmasked);
    }
    let short = second & !MASKED;
    if is_control(opcode) && usize::from(short) > CONTROL_BYTES {
        return Err(Violation::ControlTooLong);
    }
    match opcode {
        // A code has two bytes.
        OpCode::Close if short == 1 => Err(Violation::Close),
        OpCode::Binary => Err(Violation::Binary),
        _ => Ok(short),
    }
}

/// Reads the length, in the form that `short` announces, and where it ends.
fn length(bytes: &[u8], short: u8) -> Result<Option<(u64, usize)>, Violation> {
    let long = bytes.get(2..).unwrap_or_default();
    let (length, end, shortest) = match short {
        LENGTH_16 => {
            let Some(&length) = long.first_chunk() else {
                return Ok(None);
            };
            (u64::from(u16::from_be_bytes(length)), 4, 126)
        }
        LENGTH_64 => {
            let Some(&length) = long.first_chunk() else {
                return Ok(None);
            };
            (u64::from_be_bytes(length), 10, 1 << 16)
        }
        _ => (u64::from(short), 2, 0),
    };
    if length < shortest || length >> 63 != 0 {
        return Err(Violation::Length);
    }
    Ok(Some((length, end)))
}
