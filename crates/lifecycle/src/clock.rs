//! The wall clock, as a value that is handed in.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Milliseconds since the Unix epoch, from the system or from a test.
///
/// For durations use `tokio::time`, which tests pause; this is for times that are stored or sent.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { manual_ms: None }
    }

    /// A clock that stands at `now_ms` until it is moved. Clones share it.
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self {
            manual_ms: Some(Arc::new(AtomicI64::new(now_ms))),
        }
    }

    /// Moves a manual clock; does nothing to the system's.
    pub fn advance(&self, by_ms: i64) {
        if let Some(now_ms) = &self.manual_ms {
            now_ms.fetch_add(by_ms, Ordering::SeqCst);
        }
    }

    /// The time now.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.manual_ms {
            Some(now_ms) => now_ms.load(Ordering::SeqCst),
            None => system_ms(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's clock"
)]
fn system_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
