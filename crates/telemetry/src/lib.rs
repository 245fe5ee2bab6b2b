//! Logs, and metrics whose names and labels are types.
#![warn(missing_docs)]

pub mod logs;
pub mod metrics;

pub use prometheus;
