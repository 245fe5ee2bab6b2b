//! The framing module against its contract, and against two peers that nobody here wrote.

mod client;
mod encoding;
mod peers;
mod splits;
mod violations;
