//! What the targets of the frame decoder share: how an input is cut, what a decoder saw, and tungstenite, the independent
//! peer, which must have seen the same.

use fanfare_gateway::frame::{Agreement, Decoder, Event, Violation};
use std::{
    io::{self, Cursor, Read, Write},
    iter,
    ops::ControlFlow,
};
use tungstenite::{
    Message,
    protocol::{Role, WebSocket, WebSocketConfig},
};

/// As in the tests of the decoder, so that a seed means the same in both. Low, so that it is reached.
pub const LIMIT: u32 = 1_024;

#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
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

pub type Outcome = (Vec<Seen>, Result<ControlFlow<()>, Violation>);

/// The first byte of an input says how many bytes of piece lengths follow; the rest is the stream.
pub fn pieces_and_stream(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&count, rest) = input.split_first()?;
    Some(rest.split_at(usize::from(count).min(rest.len())))
}

/// What the decoder says of `stream`: the same whole, in `pieces` and byte by byte.
pub fn decode(agreement: Option<Agreement>, stream: &[u8], pieces: &[u8]) -> Outcome {
    let outcome = cut(agreement, stream, iter::empty());
    let pieces = pieces.iter().map(|len| usize::from(*len));
    assert_eq!(cut(agreement, stream, pieces), outcome);
    let bytes = iter::repeat_n(1, stream.len());
    assert_eq!(cut(agreement, stream, bytes), outcome);
    outcome
}

fn cut(
    agreement: Option<Agreement>,
    stream: &[u8],
    pieces: impl Iterator<Item = usize>,
) -> Outcome {
    let mut decoder = Decoder::new(LIMIT, agreement);
    let mut events = Vec::new();
    let mut rest = stream;
    for len in pieces.chain([usize::MAX]) {
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

/// Assigned for bad gateways after tungstenite's table of codes was written: it refuses it.
const BAD_GATEWAY: u16 = 1_014;

/// The stream as a socket; what the peer answers is dropped.
struct Recorded<'a>(Cursor<&'a [u8]>);

impl Read for Recorded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Recorded<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks that tungstenite reads the same `events` from `stream`. It may go on where the decoder stopped: it takes
/// lengths that are too long for what they say, and binary.
pub fn compare(stream: &[u8], events: &[Seen]) {
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT as usize));
    let mut peer =
        WebSocket::from_raw_socket(Recorded(Cursor::new(stream)), Role::Server, Some(config));
    for event in events {
        if matches!(event, Seen::Close(Some(BAD_GATEWAY), _)) {
            return;
        }
        let seen = match peer.read() {
            Ok(Message::Text(text)) => Seen::Text(text.to_string()),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Seen::Pong(payload.to_vec()),
            Ok(Message::Close(Some(close))) => {
                Seen::Close(Some(close.code.into()), close.reason.to_string())
            }
            Ok(Message::Close(None)) => Seen::Close(None, String::new()),
            other => panic!("the decoder saw {event:?}, tungstenite {other:?}"),
        };
        assert_eq!(*event, seen);
    }
}
