//! A client's side: masked frames, also wrong ones, and a record of what a decoder made of them.

use fanfare_gateway::frame::{Agreement, Decoder, Event, OpCode, Violation, negotiate};
use std::ops::ControlFlow;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
/// The message limit of the tests.
pub(crate) const LIMIT: u32 = 1_024;

/// An event, and it owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.to_owned()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close { code, reason } => Self::Close(code, reason.to_owned()),
        }
    }
}

/// What a decoder said of a stream: the events, then how it ended.
pub(crate) type Outcome = (Vec<Seen>, Result<ControlFlow<()>, Violation>);

/// What a client gets that offers compression.
pub(crate) fn agreement() -> Option<Agreement> {
    negotiate(["permessage-deflate; client_max_window_bits"])
}

/// Feeds `stream` to a new decoder in pieces of the given lengths, the rest as one. Stops where the decoder does.
pub(crate) fn decode_under(
    agreement: Option<Agreement>,
    stream: &[u8],
    pieces: impl IntoIterator<Item = usize>,
) -> Outcome {
    let mut decoder = Decoder::new(LIMIT, agreement);
    let mut events = Vec::new();
    let mut rest = stream;
    for len in pieces.into_iter().chain([usize::MAX]) {
        let (piece, after) = rest.split_at(len.min(rest.len()));
        rest = after;
        let outcome = decoder.feed(&mut piece.to_vec(), |event| {
            events.push(event.into());
            ControlFlow::Continue(())
        });
        if outcome != Ok(ControlFlow::Continue(())) {
            return (events, outcome);
        }
    }
    (events, Ok(ControlFlow::Continue(())))
}

pub(crate) fn decode(stream: &[u8], pieces: impl IntoIterator<Item = usize>) -> Outcome {
    decode_under(None, stream, pieces)
}

pub(crate) fn whole(stream: &[u8]) -> Outcome {
    decode(stream, [])
}

/// What a decoder that takes compressed messages says of `stream`, however it is cut.
///
/// # Panics
///
/// When the cut makes a difference.
pub(crate) fn inflated(stream: &[u8]) -> Outcome {
    let outcome = decode_under(agreement(), stream, []);
    for len in [1, 2, 3, 5, 7, 64] {
        let pieces = std::iter::repeat_n(len, stream.len() / len);
        let cut = decode_under(agreement(), stream, pieces);
        assert_eq!(cut, outcome, "in pieces of {len} bytes");
    }
    outcome
}

pub(crate) fn byte_by_byte(stream: &[u8]) -> Outcome {
    decode(stream, std::iter::repeat_n(1, stream.len()))
}

/// A frame with a correct header: `first` is its first byte.
pub(crate) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = head(first, payload.len() as u64, mask);
    out.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    out
}

/// A correct header alone.
pub(crate) fn head(first: u8, payload_len: u64, mask: [u8; 4]) -> Vec<u8> {
    let mut out = vec![first];
    let bytes = payload_len.to_be_bytes();
    match payload_len {
        0..=125 => out.push(0x80 | bytes[7]),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&bytes[6..]);
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&bytes);
        }
    }
    out.extend_from_slice(&mask);
    out
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    frame(FIN | OpCode::Text as u8, payload, MASK)
}

/// A whole text message that says it is compressed.
pub(crate) fn compressed(payload: &[u8]) -> Vec<u8> {
    frame(FIN | RSV1 | OpCode::Text as u8, payload, MASK)
}

pub(crate) fn first_compressed_fragment(payload: &[u8]) -> Vec<u8> {
    frame(RSV1 | OpCode::Text as u8, payload, MASK)
}

pub(crate) fn first_fragment(payload: &[u8]) -> Vec<u8> {
    frame(OpCode::Text as u8, payload, MASK)
}

pub(crate) fn continuation(payload: &[u8]) -> Vec<u8> {
    frame(OpCode::Continuation as u8, payload, MASK)
}

pub(crate) fn last_fragment(payload: &[u8]) -> Vec<u8> {
    frame(FIN | OpCode::Continuation as u8, payload, MASK)
}

pub(crate) fn control(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    frame(FIN | opcode as u8, payload, MASK)
}
