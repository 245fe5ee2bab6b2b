//! What the log keeps.

/// How the log is laid out and how much it keeps. The same for every process of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Streams that the channels are spread over, 1 to 256. Fixed once they are made. Default: 16.
    pub shards: u16,
    /// Records older than this are removed, in milliseconds. Default: 30 days. At least a second.
    pub retention_ms: u64,
    /// A channel keeps this many of its newest ordinals. Default: 100,000. At least 1.
    pub retention_records: u64,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            shards: 16,
            retention_ms: 30 * 24 * 3600 * 1000,
            retention_records: 100_000,
        }
    }
}
