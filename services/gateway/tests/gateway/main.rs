//! The gateway over the real store and real sockets, without the other services.

mod control;
mod delivery;
mod harness;
mod resume;
mod slow;
