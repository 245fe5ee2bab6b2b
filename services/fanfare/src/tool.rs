//! The small tools: clients of a server, like any other.

pub(crate) mod api;
mod frame;
pub(crate) mod listen;
pub(crate) mod publish;
pub(crate) mod token;
