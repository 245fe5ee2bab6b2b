//! Why a run was given up. A figure that misses its target is no fault.

use std::io;

/// What a part of a run comes to.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Why a run was given up, for whoever started it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// What was measured did not do what it must: figures of it would mean nothing.
    #[error("{0}")]
    Wrong(String),
}

impl Fault {
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
        self.map_err(|error| Fault::System {
            what: what.to_owned(),
            source: error.into(),
        })
    }
}
