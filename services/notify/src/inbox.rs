//! A user's inbox: the merged view of his logs, and what of it he has read.

pub(crate) mod channels;
pub(crate) mod counts;
pub(crate) mod cursor;
pub(crate) mod find;
pub(crate) mod mark;
pub(crate) mod page;
pub(crate) mod push;
pub(crate) mod ranges;
pub(crate) mod scan;
pub(crate) mod state;
pub(crate) mod store;
