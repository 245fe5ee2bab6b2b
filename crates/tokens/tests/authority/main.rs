//! An authority against a real store and bus, and tokens signed by a library nobody here wrote.
#![expect(
    clippy::unwrap_used,
    reason = "also the helpers of a test fail by panicking"
)]

mod api_keys;
mod external;
mod hostile;
mod house;
mod own;
mod peer;
mod revocations;
