//! What the log keeps.

/// How the log is laid out and how much it keeps. The same for every process of an installation.
///
/// Servers take 1,000 messages in an atomic batch unless they are told `jetstream { limits { batch { max_msgs: 4096 } } }`.
/// A record is one; its `msg_id` is another, and so is its time to live once for each channel. What is more at once, in
/// [`Log::append_all`](crate::Log::append_all), is refused as too large.
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
