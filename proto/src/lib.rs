//! The contract between clients, gateways and services. No I/O, no clock.
//!
//! A client sends a [`ClientFrame`](client::ClientFrame); what comes back is written by [`server`]. A stored
//! publication is an [`Entry`](wire::Entry) on a [`Channel`], found again by its
//! [`Cursor`]; [`delivery`] turns it into the bytes of a frame, once per node. Every code that
//! can be emitted stands in [`code`], every bound in [`limits`], every name on the bus in [`subject`]. [`trace`] says which trace something is part of.
#![warn(missing_docs)]

pub mod channel;
pub mod client;
pub mod code;
pub mod cursor;
pub mod delivery;
pub mod json;
pub mod limits;
pub mod server;
pub mod subject;
pub mod text;
pub mod timestamp;
pub mod token;
pub mod trace;
pub mod wire;

pub use channel::{Channel, Kind};
pub use code::{CloseCode, ErrorCode};
pub use cursor::{Cursor, Position};
pub use timestamp::Timestamp;
