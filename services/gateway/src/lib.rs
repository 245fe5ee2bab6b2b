//! gateway.
pub mod frame;
