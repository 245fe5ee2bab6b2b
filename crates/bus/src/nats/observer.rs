//! Who hears how it goes with NATS.

use std::{fmt, time::Duration};

/// One of a process's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// What is heard: subscriptions and watches.
    Live,
    /// What is asked, written and answered.
    Ctl,
    /// The requests that are served here.
    Served,
}

impl Line {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Live, Self::Ctl, Self::Served];

    /// Its name, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ctl => "ctl",
            Self::Served => "served",
        }
    }
}

/// Hears how it goes with NATS, so that somebody can measure it. Called on the way of every append: it must not wait.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A connection is there.
    fn connected(&self, _line: Line) {}

    /// A connection is lost. It comes again by itself.
    fn disconnected(&self, _line: Line) {}

    /// A connection came again, maybe without having been told as lost.
    fn reconnected(&self, _line: Line) {}

    /// Messages of a connection were dropped, because a reader here is too slow.
    fn dropped(&self, _line: Line) {}

    /// A message to ourselves came back after this time. One is sent every 5 s while there is a connection.
    fn round_trip(&self, _took: Duration) {}

    /// A stream has stored one message, or one batch, after this time: as long as the servers took, without what waits
    /// here.
    fn appended(&self, _took: Duration) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug)]
pub struct Deaf;

impl Observer for Deaf {}
