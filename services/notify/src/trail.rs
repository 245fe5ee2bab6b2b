//! Who got a notification, when, and if not, why not.
//!
//! Four things are known: the notification's own record, what gateways wrote live ([`receipt`]), the stays of sessions
//! with what each was written ([`session`]), and what clients acknowledged ([`ack`]). [`decide`] makes the answer out of
//! them, and [`view`] gathers them and writes it down.

pub(crate) mod ack;
pub(crate) mod decide;
pub(crate) mod reason;
pub(crate) mod receipt;
pub(crate) mod session;
pub(crate) mod view;
