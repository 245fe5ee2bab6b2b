//! WebSocket frames (RFC 6455) of the server's side, also compressed ones (RFC 7692): bytes to events, payloads to
//! bytes. No I/O, no clock.
//!
//! A connection owns one [`Decoder`] and feeds it what the socket gave; what it sends is made by [`text`],
//! [`compressed`], [`ping`], [`pong`] and [`close()`] and can be shared between connections, because a server's frames
//! are not masked. Whether its messages may be compressed is [`negotiate`]d once, in the handshake.
//!
//! What a decoder says depends on the bytes alone, never on how they were cut into reads: each check happens at the
//! first byte that can fail it. What a compressed message says is checked when its last byte has come, for the inflater
//! belongs to the thread and keeps nothing for a connection that waits.

mod agreement;
mod close;
mod decoder;
mod deflate;
mod encode;
mod event;
mod extension;
mod header;
mod inflate;
mod partial;
mod violation;

pub use agreement::{Agreement, negotiate};
pub use decoder::Decoder;
pub use encode::{close, compressed, header, ping, pong, text};
pub use event::Event;
pub use fastwebsockets::OpCode;
pub use violation::Violation;

/// Largest payload of a ping, pong or close frame, in bytes (RFC 6455, 5.5).
pub const CONTROL_BYTES: usize = 125;
