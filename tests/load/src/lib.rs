//! The load generator and wire benchmark. It drives the release binary `fanfare` from outside, and prints every figure
//! next to a bare `write(2)` loop over as many sockets of the same kind.
//!
//! What is measured: [`figures`], one room for each group of them, with the sizes of [`plan`]; a [`figure`] goes into the
//! [`table`] and the [`record`].
//!
//! What is measured against: a [`server`] (the binary, with tokens of our own [`issuer`], alone or as processes apart on
//! [`nats`]) and a [`bare`] loop, each a [`child`] on the same CPU; [`usage`] and [`send_queue`] read what they cost.
//!
//! Who measures: a [`crowd`] of many thousand client sockets in one thread, on a CPU of its own. It reads through the
//! [`intake`], which finds the borders of [`frame`]s, holds every publication against the [`stream`] that all readers of
//! a channel must see, and keeps latencies in a [`histogram`]; [`publisher`] publishes inside the same loop.
#![cfg(target_os = "linux")]
#![warn(missing_docs)]

mod bare;
mod child;
mod cli;
mod clock;
mod crowd;
mod fan_out;
mod fault;
mod figure;
mod figures;
mod frame;
mod histogram;
mod http;
mod inflater;
mod intake;
mod issuer;
mod machine;
mod nats;
mod output;
mod plan;
mod publisher;
mod record;
mod send_queue;
mod server;
mod socket;
mod stamp;
mod stream;
mod table;
mod upgrade;
mod usage;

pub use cli::run;
