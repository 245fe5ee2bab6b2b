//! The service over its real router, on the real embedded store, with a real authority.
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod collapse;
mod gate;
mod house;
mod idempotency;
mod inbox;
mod marks;
mod openapi;
mod publication;
mod publish;
mod refusals;
mod schedule;
mod trail;
mod withdraw;
