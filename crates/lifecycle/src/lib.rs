//! What every process part needs to live and to end: a [`Clock`], tracked [`Tasks`], and a [`Shutdown`] in two steps;
//! and [`trace`], what the running code works for.
#![warn(missing_docs)]

mod clock;
mod shutdown;
mod tasks;
pub mod trace;

pub use clock::Clock;
pub use shutdown::Shutdown;
pub use tasks::Tasks;
