//! What every process part needs to live and to end: a [`Clock`], tracked [`Tasks`], and a [`Shutdown`] in two steps.
#![warn(missing_docs)]

mod clock;
mod shutdown;
mod tasks;

pub use clock::Clock;
pub use shutdown::Shutdown;
pub use tasks::Tasks;
