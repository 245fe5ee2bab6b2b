//! Why a row could not be run. A broken promise is no failure: it is a finding.

use std::io;

/// What a part of a run comes to.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a row was given up, for whoever started it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A process did not do what a row needs.
    #[error("{0}")]
    Wrong(String),
    /// This host does not allow what the row needs.
    #[error("{0}")]
    Unfit(String),
    /// Whoever started the run wants it to end.
    #[error("stopped, as asked")]
    Stopped,
}

impl Failure {
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self::Wrong(text.into())
    }
}

/// Says what was being done when the system refused.
pub(crate) trait During<T> {
    fn during(self, what: &str) -> Outcome<T>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, what: &str) -> Outcome<T> {
        self.map_err(|error| Failure::System {
            what: what.to_owned(),
            source: error.into(),
        })
    }
}
