//! Whether Fanfare keeps its first promise while parts of it die: `just faults`.
//!
//! Each row of the table is a [`row`] of its own: a [`site`] of real processes is started, a [`workload`] of publishers
//! and clients runs on it, something is done to the processes meanwhile, and then the [`checker`] reads the [`history`]
//! of what everybody was answered and sent, and of what rooms and inboxes show in the end. Everything that is left to
//! chance follows from one seed; what the machine does in between does not, so a seed makes a failure likely again, not
//! certain.
//!
//! A row that this host cannot run (no namespaces, no mounts) is named in the table with the reason.
#![cfg(target_os = "linux")]

mod checker;
mod cli;
mod failure;
mod history;
mod net;
mod output;
mod process;
mod random;
mod report;
mod row;
mod site;
mod stopwatch;
mod table;
mod workload;

pub use cli::run;
