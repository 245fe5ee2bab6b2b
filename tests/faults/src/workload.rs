//! What goes on while parts die: publishers over HTTP, and clients that come and go.

mod outage;
mod persona;
mod publisher;
mod room;
mod session;
mod settle;
mod tokens;

pub(crate) use outage::Outage;
pub(crate) use persona::{Plan, chat, plan, takeover};
pub(crate) use settle::{Done, start};

use crate::history::{Channel, Id};
use std::{collections::HashMap, sync::Arc};

/// How far a row has come; everybody in it watches this.
#[derive(Clone, Debug, Default)]
pub(crate) enum Phase {
    /// Publishers publish, and clients follow their habits.
    #[default]
    Busy,
    /// No publication begins any more. Every client that has not left for good stays, and reads.
    Settling,
    /// The last publication of each channel was accepted.
    Probed(Arc<HashMap<Channel, Id>>),
    /// Everybody stops.
    Over,
}
