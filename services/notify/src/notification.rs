//! One notification: from what the publisher sent to what the log holds, and back out of it.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod collapse;
pub(crate) mod draft;
pub(crate) mod due;
pub(crate) mod id;
pub(crate) mod locate;
pub(crate) mod publish;
pub(crate) mod record;
pub(crate) mod scheduled;
pub(crate) mod sent;
pub(crate) mod withdraw;
