//! How a peer can break the protocol.

use fanfare_proto::CloseCode;

/// Why nothing more is read from a peer. The text may be shown to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set where no extension that was agreed puts one.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode that means nothing.
    #[error("the opcode is not known")]
    OpCode,
    /// A frame without a mask, which only servers send.
    #[error("the frame is not masked")]
    Unmasked,
    /// A ping, pong or close that is not its own last fragment.
    #[error("a control frame is fragmented")]
    ControlFragmented,
    /// A ping, pong or close of more than [`CONTROL_BYTES`](super::CONTROL_BYTES).
    #[error("a control frame is too long")]
    ControlTooLong,
    /// A length that has a shorter form, or needs the 64th bit.
    #[error("the length is not in its shortest form")]
    Length,
    /// A new message before the one under way has ended.
    #[error("a message begins inside another one")]
    Interleaved,
    /// A continuation of nothing.
    #[error("a continuation without a beginning")]
    Continuation,
    /// A close of one byte, or with a code that may not be sent.
    #[error("the close frame is malformed")]
    Close,
    /// A text, or the reason of a close, that is not UTF-8.
    #[error("the text is not UTF-8")]
    InvalidText,
    /// A compressed message that is no deflate, points back beyond its own beginning, or ends too early. RFC 7692 names no
    /// close code; 1007, which some servers send, would put the blame on a text that nobody has seen.
    #[error("the compressed message is malformed")]
    Deflate,
    /// A message over the limit: refused at the header that takes it there, or while it is inflated.
    #[error("the message is too large")]
    TooLarge,
    /// A message cut into more pieces than anybody has a reason for.
    #[error("the message has too many fragments")]
    TooManyFragments,
    /// A binary message, which is not spoken here.
    #[error("binary is not spoken here")]
    Binary,
}

impl Violation {
    /// The code of the close frame that answers it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBit
            | Self::OpCode
            | Self::Unmasked
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::Length
            | Self::Interleaved
            | Self::Continuation
            | Self::Close
            | Self::Deflate => CloseCode::Protocol,
            Self::InvalidText => CloseCode::InvalidText,
            Self::TooLarge | Self::TooManyFragments => CloseCode::TooLarge,
            Self::Binary => CloseCode::Unsupported,
        }
    }
}
