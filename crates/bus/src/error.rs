//! What can go wrong, by what the caller should do about it.

/// A message could not be published or a subscription not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The back end is away: try again later. Nothing was sent.
    #[error("the bus is away")]
    Unavailable,
}

/// A request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nobody serves the subject. Known at once; nothing has happened.
    #[error("nobody serves this")]
    NoResponders,
    /// No answer in time. It may still have happened.
    #[error("no answer in time")]
    Timeout,
    /// The back end is away. Nothing was sent.
    #[error("the bus is away")]
    Unavailable,
}

/// An operation on the log failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The channel's head is not what the append expected: read again and decide again.
    #[error("the channel stands at {head_n}, not where the append expected it")]
    Conflict {
        /// Ordinal of the head at that moment.
        head_n: u64,
    },
    /// What lies after the position was removed by retention: the reader starts anew.
    #[error("entries before {first_n} are gone")]
    Trimmed {
        /// Ordinal of the first entry that is left.
        first_n: u64,
    },
    /// The position is not one this log has given out: of another life of it, or beyond its head.
    #[error("the position does not belong to this log")]
    Mismatch,
    /// This copy does not reach as far as it was asked to yet: try again.
    #[error("this copy is behind")]
    Stale,
    /// The payload is over the back end's limit, or an id is.
    #[error("the record is too large")]
    TooLarge,
    /// The back end is away, or slow. An append may or may not have happened: repeat it with the same `msg_id`.
    #[error("the log is away")]
    Unavailable,
    /// The store is damaged or full. The cause is in the back end's own log line.
    #[error("the store failed")]
    Store,
}

/// An operation on a record failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// The record is not at the expected revision: read again and decide again.
    #[error("the record has changed")]
    Conflict,
    /// A key is empty or over 512 bytes, or a value over 512 KiB.
    #[error("the key or the value is too large")]
    TooLarge,
    /// The back end is away.
    #[error("the store is away")]
    Unavailable,
    /// The store is damaged or full. The cause is in the back end's own log line.
    #[error("the store failed")]
    Store,
}
