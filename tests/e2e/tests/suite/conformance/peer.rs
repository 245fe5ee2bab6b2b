//! The client's side of the wire. What the server sends is held to the protocol, frame by frame.

use super::{
    agreement::{self, Agreement, Offer},
    deflate::{deflate, inflate},
    frames::{CLOSE, FIN, PING, PONG, RSV1, TEXT},
    report::hex,
};
use fanfare_e2e::{RawSocket, Server};
use std::fmt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Bytes that the kernel keeps of what is not read yet: few, so that long answers block the server's socket, and what it
/// does then is tested too.
const RECEIVE_BYTES: u32 = 16 * 1024;

/// Shorter texts of the server are never compressed.
const WORTH_BYTES: usize = 256;

/// Of a frame's first byte.
const OPCODE: u8 = 0x0f;

pub(super) struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
    agreement: Option<Agreement>,
}

/// What came from the server.
pub(super) enum Came {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    /// `None`: without a code.
    Close(Option<u16>),
    /// The end of its stream.
    End,
    /// The connection was reset, so that what was sent before may be lost.
    Reset,
    /// What no server may send.
    Wrong(String),
}

impl Peer {
    /// Connects to the endpoint that subscribes nothing. The error is an answer that is not due to `offer`.
    pub(super) async fn connect(
        server: &Server,
        token: &str,
        offer: &Offer,
    ) -> Result<Self, String> {
        let headers = offer.headers();
        let (raw, head) = RawSocket::ask(server, "/ws/test/", token, RECEIVE_BYTES, &headers).await;
        if !head.starts_with("HTTP/1.1 101") {
            return Err(head);
        }
        let agreement = agreement::read(&head)?;
        if agreement != offer.due {
            return Err(format!("{agreement:?}"));
        }
        let (stream, buffer) = raw.into_stream();
        // What is written in pieces is to arrive in pieces.
        stream
            .set_nodelay(true)
            .expect("a socket can be told not to wait");
        Ok(Self {
            stream,
            buffer,
            agreement,
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        // The server may have hung up: what it said before that tells.
        drop(self.stream.write_all(bytes).await);
    }

    pub(super) async fn next(&mut self) -> Came {
        loop {
            match self.take_frame() {
                Ok(Some((first, payload))) => {
                    return self.came(first, payload).unwrap_or_else(Came::Wrong);
                }
                Ok(None) => {}
                Err(wrong) => return Came::Wrong(wrong),
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) if self.buffer.is_empty() => return Came::End,
                Ok(0) => return Came::Wrong("a frame that does not end".to_owned()),
                Ok(_) => {}
                Err(_reset) => return Came::Reset,
            }
        }
    }

    /// One whole frame from the front of the buffer: its first byte and its payload.
    fn take_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, String> {
        let Some((&[first, second], rest)) = self.buffer.split_first_chunk() else {
            return Ok(None);
        };
        let length = match second {
            126 => rest
                .first_chunk()
                .map(|len| (u64::from(u16::from_be_bytes(*len)), 4, 126)),
            127 => rest
                .first_chunk()
                .map(|len| (u64::from_be_bytes(*len), 10, 1 << 16)),
            128.. => return Err("a masked frame".to_owned()),
            len => Some((u64::from(len), 2, 0)),
        };
        let Some((len, head_len, shortest)) = length else {
            return Ok(None);
        };
        if len < shortest {
            return Err(format!("the length {len} in more bytes than it needs"));
        }
        let len = usize::try_from(len).map_err(|_huge| format!("a frame of {len} bytes"))?;
        let Some(payload) = self.buffer.get(head_len..head_len + len) else {
            return Ok(None);
        };
        let payload = payload.to_vec();
        self.buffer.drain(..head_len + len);
        Ok(Some((first, payload)))
    }

    fn came(&self, first: u8, payload: Vec<u8>) -> Result<Came, String> {
        let kind = first & !FIN;
        if first & FIN == 0 {
            return Err(format!("a fragment, {first:#04x}"));
        }
        if first & OPCODE >= CLOSE && payload.len() > 125 {
            return Err(format!("a control frame of {} bytes", payload.len()));
        }
        match kind {
            TEXT => self.plain(&payload).and(text(payload)),
            kind if kind == RSV1 | TEXT => text(self.inflated(&payload)?),
            PING => Ok(Came::Ping),
            PONG => Ok(Came::Pong(payload)),
            CLOSE if payload.is_empty() => Ok(Came::Close(None)),
            CLOSE => {
                let parts = payload.split_first_chunk();
                let (code, reason) = parts.ok_or("a close of one byte")?;
                std::str::from_utf8(reason).map_err(|_not_utf8| "a reason that is not UTF-8")?;
                Ok(Came::Close(Some(u16::from_be_bytes(*code))))
            }
            _ => Err(format!("a frame that begins with {first:#04x}")),
        }
    }

    /// A text that was not compressed, which must not have been worth it.
    fn plain(&self, payload: &[u8]) -> Result<(), String> {
        let Some(agreement) = self.agreement else {
            return Ok(());
        };
        let fits = agreement.window_bits() == 15 || payload.len() <= 1 << agreement.window_bits();
        if fits && payload.len() >= WORTH_BYTES && deflate(payload, 1).len() < payload.len() / 2 {
            return Err(format!(
                "{} bytes that could be half as many",
                payload.len()
            ));
        }
        Ok(())
    }

    fn inflated(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let agreement = self.agreement;
        let agreement = agreement.ok_or("a compressed text that was not agreed")?;
        let message = inflate(payload, agreement.window_bits())?;
        if message.len() < WORTH_BYTES || message.len() <= payload.len() {
            return Err(format!(
                "{} bytes, compressed to {}",
                message.len(),
                payload.len()
            ));
        }
        Ok(message)
    }
}

fn text(payload: Vec<u8>) -> Result<Came, String> {
    String::from_utf8(payload)
        .map(Came::Text)
        .map_err(|_not_utf8| "a text that is not UTF-8".to_owned())
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                let begin: String = text.chars().take(160).collect();
                write!(f, "text {begin} ({} bytes)", text.len())
            }
            Self::Ping => write!(f, "a ping"),
            Self::Pong(payload) => write!(f, "pong {}", hex(payload)),
            Self::Close(Some(code)) => write!(f, "close {code}"),
            Self::Close(None) => write!(f, "a close without a code"),
            Self::End => write!(f, "the end of the stream"),
            Self::Reset => write!(f, "a reset of the connection"),
            Self::Wrong(wrong) => write!(f, "what no server may send: {wrong}"),
        }
    }
}
