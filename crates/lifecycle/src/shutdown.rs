//! Shutdown in two steps.

use tokio_util::sync::CancellationToken;

/// Soft: take no new work, finish what is under way. Hard: drop what is left. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// A shutdown nobody has asked for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to finish. May be called again.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Asks everybody to stop at once; implies [`begin`](Self::begin).
    pub fn force(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Whether the soft step has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Resolves at the soft step. Cancel safe.
    pub async fn begun(&self) {
        self.soft.cancelled().await;
    }

    /// Resolves at the hard step. Cancel safe.
    pub async fn forced(&self) {
        self.hard.cancelled().await;
    }
}
