//! The main job and everything that may go wrong with it, against the real binary over real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests may")]

mod abuse;
mod apart;
mod bad_tokens;
mod chat;
mod chat_apart;
mod conformance;
mod drain;
mod endpoints;
mod expiry;
mod floods;
mod foreign;
mod hostile_names;
mod idempotency;
mod inbox;
mod later;
mod limits;
mod log;
mod login;
mod nats_config;
mod operators;
mod presence;
mod probes;
mod push;
mod resume;
mod revocation;
mod seed_types;
mod shared_secret;
mod slow_reader;
mod start;
mod tidy;
mod tools;
mod traces;
mod trail;
