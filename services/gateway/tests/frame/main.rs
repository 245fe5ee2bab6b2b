//! The framing module against its contract, and against peers that nobody here wrote.

mod client;
mod compression;
mod encoding;
mod negotiation;
mod peer_fastwebsockets;
mod peer_ratchet;
mod peers;
mod seeds;
mod splits;
mod violations;
mod zlib;
