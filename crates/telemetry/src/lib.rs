//! Logs, traces, metrics whose names and labels are types, and what is measured of every process.
#![warn(missing_docs)]

pub mod logs;
pub mod metrics;
pub mod process;
pub mod traces;

pub use prometheus;
