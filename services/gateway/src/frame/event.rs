//! What a decoder reports.

/// What came from a client, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message, of one frame or many, compressed or not.
    Text(&'a str),
    /// To be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// Asked for or not.
    Pong(&'a [u8]),
    /// The last event there is.
    Close {
        /// `None` when the frame was empty.
        code: Option<u16>,
        /// Empty when there was none.
        reason: &'a str,
    },
}
