//! The gateway over the real store and real sockets, without the other services.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests may")]

mod chat;
mod compressed;
mod control;
mod delivery;
mod faulty_bus;
mod fleet;
mod harness;
mod leave;
mod presence;
mod resume;
mod rooms;
mod slow;
mod start;
mod storm;
mod together;
