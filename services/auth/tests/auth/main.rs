//! The auth service over its real router, on the real store and bus.
#![expect(
    clippy::unwrap_used,
    reason = "also the helpers of a test fail by panicking"
)]

mod api_keys;
mod house;
mod keys;
mod login;
mod mint;
mod refresh;
mod revoke;
mod start;
mod unsteady;
mod users;
