//! The harness of the end-to-end suite: the real binary as a child process, and clients of it.
//!
//! A test starts a [`Server`], or a [`Fleet`] of processes apart around a real NATS server, asks its [`Api`] for tokens and
//! publishes through it, and listens on [`Socket`]s. What a well-behaved client library cannot send goes over a
//! [`RawSocket`]; what no issuer would sign comes from [`forge`].
//! Everything here panics with a sentence when the server does not do its part, because only tests call it.

mod api;
mod bystander;
mod fleet;
pub mod forge;
#[path = "../../../crates/bus/tests/shared/nats_server.rs"]
mod nats_server;
mod process;
mod raw;
mod server;
mod socket;
mod upgrade;

pub use api::{Answer, Api, until};
pub use bystander::Bystander;
pub use fleet::{Fleet, Member};
pub use process::{Process, binary};
pub use raw::{Ending, RawSocket, frame, masked_frame};
pub use server::{Options, Server};
pub use socket::{Closed, Socket};
pub use upgrade::Upgrade;

use std::time::Duration;

/// Longest that a test waits for anything. No promise is tested by it: it only turns a hang into a failure, and has
/// room for a machine that does other things.
pub const DEADLINE: Duration = Duration::from_secs(30);
