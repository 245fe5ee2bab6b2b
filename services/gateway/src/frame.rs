//! WebSocket frames (RFC 6455) of the server's side: bytes to events, payloads to bytes. No I/O, no clock.
//!
//! A connection owns one [`Decoder`] and feeds it what the socket gave; what it sends is made by [`text`], [`ping`],
//! [`pong`] and [`close()`] and can be shared between connections, because a server's frames are not masked.
//!
//! What a decoder says depends on the bytes alone, never on how they were cut into reads: each check happens at the
//! first byte that can fail it.

mod close;
mod decoder;
mod encode;
mod header;
mod partial;
mod violation;

pub use decoder::{Decoder, Event};
pub use encode::{close, header, ping, pong, text};
pub use fastwebsockets::OpCode;
pub use violation::Violation;

/// Largest payload of a ping, pong or close frame, in bytes (RFC 6455, 5.5).
pub const CONTROL_BYTES: usize = 125;
