//! From a position to what was missed after it.

mod flight;

pub(crate) use flight::Replays;

use crate::{delivery::Delivery, metrics::Gap};
use fanfare_bus::{Log, LogError, log::Record};
use fanfare_proto::{Channel, Position};
use std::{sync::Arc, time::Duration};

/// Records read at once: a few writes of small notifications, and no more than 4 MiB of the largest.
pub(crate) const PAGE: usize = 64;

/// First wait before a copy that was behind is asked again; doubles up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(10);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// What a client has missed, or the next part of it.
#[derive(Clone, Debug)]
pub(crate) struct Missed {
    pub(crate) deliveries: Vec<Arc<Delivery>>,
    /// Where the client stands after them.
    pub(crate) position: Position,
}

/// One step of a replay.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) records: Vec<Record>,
    /// Where the reader stands after them.
    pub(crate) position: Position,
    /// There is more before the end that was asked for.
    pub(crate) more: bool,
}
/// Reads the next records of `channel` in (`after`, `upto`]. A log that is away or behind is asked again until it is
/// not: a silent hole is the one answer nobody may get. Cancel safe.
///
/// # Errors
///
/// What asking again cannot mend: [`LogError::Trimmed`] or [`LogError::Mismatch`].
pub(crate) async fn step(
    log: &dyn Log,
    channel: &Channel,
    after: Position,
    upto: Position,
) -> Result<Step, LogError> {
    let mut backoff = BACKOFF_MIN;
    loop {
        match log.read(channel, after, upto, PAGE).await {
            Ok(page) => {
                let last = page.records.last().map(|record| record.position);
                return Ok(Step {
                    position: match last {
                        Some(last) if page.more => last,
                        _ => after.max(upto),
                    },
                    more: page.more,
                    records: page.records,
                });
            }
            Err(error @ (LogError::Trimmed { .. } | LogError::Mismatch)) => return Err(error),
            Err(error) => {
                tracing::debug!(%channel, %error, "a replay waits for the log");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }
}

/// Why a gap could not be filled, as the `reason` of a `reset`.
pub(crate) const fn gap(error: &LogError) -> Gap {
    match error {
        LogError::Trimmed { .. } => Gap::HistoryTrimmed,
        _ => Gap::CursorUnknown,
    }
}
