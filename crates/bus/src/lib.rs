//! What crosses processes: [`Bus`] (messages nobody keeps), [`Log`] (one ordered, durable log per channel) and [`Kv`]
//! (small records with revisions), as [`Handles`].
//!
//! The services know these traits alone. Behind them stands [`embedded`] (this process and one file) or [`nats`] (many
//! processes around NATS). What every back end has to do is written down as tests in [`conformance`]; [`faulty`] does no
//! more than that.
#![warn(missing_docs)]

pub mod bus;
pub mod conformance;
pub mod embedded;
pub mod error;
pub mod faulty;
mod feed;
mod filter;
pub mod kv;
pub mod log;
pub mod nats;
mod server;

use std::sync::Arc;

pub use bus::{Bus, Message, Responder, Subscription};
pub use error::{BusError, KvError, LogError, RequestError};
pub use kv::{Kv, Watch};
pub use log::{Log, Tail};

/// The three seams of one back end. Clones share it.
#[derive(Clone)]
pub struct Handles {
    /// Messages nobody keeps.
    pub bus: Arc<dyn Bus>,
    /// The channels' logs.
    pub log: Arc<dyn Log>,
    /// Small records.
    pub kv: Arc<dyn Kv>,
}
