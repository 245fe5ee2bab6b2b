//! Logs, traces, and metrics whose names and labels are types.
#![warn(missing_docs)]

pub mod logs;
pub mod metrics;
pub mod traces;

pub use prometheus;
