//! What an operator can choose.

use std::time::Duration;

/// What an append that has resolved guarantees, by how the back end is configured. Answers never claim more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoredAs {
    /// Handed to the broker.
    Accepted,
    /// Stored by a quorum.
    Replicated,
    /// On disk.
    Durable,
}

impl StoredAs {
    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Replicated => "replicated",
            Self::Durable => "durable",
        }
    }
}

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the back end guarantees for an append that has resolved.
    pub stored_as: StoredAs,
    /// How long the delivery trail is kept after a notification is due; 1 h to 365 d.
    pub retention: Duration,
    /// Largest body of one publish request, in bytes; 64 KiB to 64 MiB.
    pub request_bytes_max: usize,
    /// How long the trail waits for gateways to say which sessions are open, when not all that were heard of late have
    /// answered; up to 5 s.
    pub gather_wait: Duration,
    /// New notifications for a user within this time give one `counts`; up to 10 s.
    pub counts_window: Duration,
    /// How often scheduled notifications that became due are looked at (for the trail, collapsing and counts; the
    /// log sends them by itself); 10 ms to 1 min.
    pub due_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stored_as: StoredAs::Durable,
            retention: Duration::from_secs(30 * 24 * 3_600),
            // 1,000 notifications of 8 KiB; a batch of larger ones is split by its sender.
            request_bytes_max: 8 * 1024 * 1024,
            gather_wait: Duration::from_millis(300),
            counts_window: Duration::from_millis(200),
            due_interval: Duration::from_secs(1),
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let hour = Duration::from_secs(3_600);
        let rules = [
            (
                (hour..=365 * 24 * hour).contains(&self.retention),
                "retention is from 1 h to 365 d",
            ),
            (
                (64 * 1024..=64 * 1024 * 1024).contains(&self.request_bytes_max),
                "request_bytes_max is from 64 KiB to 64 MiB",
            ),
            (
                self.gather_wait <= Duration::from_secs(5),
                "gather_wait is at most 5 s",
            ),
            (
                self.counts_window <= Duration::from_secs(10),
                "counts_window is at most 10 s",
            ),
            (
                (Duration::from_millis(10)..=Duration::from_secs(60)).contains(&self.due_interval),
                "due_interval is from 10 ms to 1 min",
            ),
        ];
        rules
            .into_iter()
            .find_map(|(kept, rule)| (!kept).then_some(Err(rule)))
            .unwrap_or(Ok(()))
    }

    pub(crate) fn retention_ms(&self) -> u64 {
        u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX)
    }
}
