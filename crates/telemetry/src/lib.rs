//! Logs, metrics whose labels are types, and what is measured of every process.
#![warn(missing_docs)]

pub mod logs;
pub mod metrics;
pub mod process;

pub use prometheus;
