//! What everything in the log shares.

use super::settings::LogSettings;
use crate::nats::{connection::Connection, refusal::Refusal};
use aws_lc_rs::rand;
use fanfare_lifecycle::Clock;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::{self, Instant};

/// How long something that may be done later is tried again before it is refused as unavailable: an election of a
/// stream's leader takes five to seven seconds, and a second one may follow.
pub(super) const TRY_FOR: Duration = Duration::from_secs(20);

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Core {
    /// What is asked and written.
    pub(super) ctl: Connection,
    /// What is heard.
    pub(super) live: Connection,
    pub(super) settings: LogSettings,
    pub(super) clock: Clock,
    /// Tells this opening from every other.
    pub(super) process: String,
    tags: AtomicU64,
}

impl Core {
    pub(super) fn new(
        ctl: Connection,
        live: Connection,
        settings: LogSettings,
        clock: Clock,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            ctl,
            live,
            settings,
            clock,
            process: random()?,
            tags: AtomicU64::new(0),
        })
    }

    /// A name nobody has used.
    pub(super) fn tag(&self) -> String {
        let number = self.tags.fetch_add(1, Ordering::Relaxed);
        format!("{}{number:x}", self.process)
    }

    /// Records stored before this may be gone, by their age.
    pub(super) fn kept_from_ms(&self) -> i64 {
        self.clock
            .now_ms()
            .saturating_sub_unsigned(self.settings.retention_ms)
    }
}

/// 64 random bits in hex.
pub(super) fn random() -> Result<String, Refusal> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_no_randomness| Refusal::Refused)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// Tries again, more and more slowly, until it is too late.
pub(super) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) const fn until(until: Instant) -> Self {
        Self {
            until,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) fn new() -> Self {
        Self::until(Instant::now() + TRY_FOR)
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits before the next attempt; `false` when there is no time for one.
    pub(super) async fn pause(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Whether another attempt may help.
pub(super) const fn is_passing(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Conflict | Refusal::Busy | Refusal::Unknown
    )
}
