//! Every code that can be emitted, in one table each, with what the client does next.

/// The `code` of an `error` frame and of a problem document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not JSON, or not an object.
    BadJson,
    /// JSON, but not a message: a field is missing or wrong.
    BadMessage,
    /// A `type` nobody answers.
    UnknownType,
    /// Over a size limit.
    TooLarge,
    /// Over a rate limit; `retry_after_ms` says when to try again.
    RateLimited,
    /// No valid token or key.
    Unauthorized,
    /// A valid token or key without the right.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// It contradicts what is already there.
    Conflict,
    /// The answer did not come in time; it may still have happened.
    Timeout,
    /// The service that answers this is away; nothing has happened.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// The whole table, in the contract's order.
    pub const ALL: [Self; 12] = [
        Self::BadJson,
        Self::BadMessage,
        Self::UnknownType,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Timeout,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadMessage => "bad_message",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The status of a problem document with this code.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadJson | Self::BadMessage | Self::UnknownType => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    /// Reads a code; `None` when this version does not know it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// What a client does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextStep {
    /// Come back with jittered backoff and the cursors.
    Reconnect,
    /// Get a fresh token once and come back; stop when that is refused too.
    RefreshThenReconnect,
    /// Do not come back by itself.
    Stop,
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal, $next:ident;)*) => {
        /// The code of a WebSocket close frame that the server sends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $($(#[$doc])* $name,)*
        }

        impl CloseCode {
            /// The whole table, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number on the wire.
            #[must_use]
            pub const fn as_u16(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// The number as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($code),)* }
            }

            /// The reason of the close frame: one lower-case phrase, stable, for machines and people.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }

            /// What the client does next.
            #[must_use]
            pub const fn next_step(self) -> NextStep {
                match self { $(Self::$name => NextStep::$next,)* }
            }
        }
    };
}

close_codes! {
    /// Ended as agreed.
    Normal = 1000, "normal", Stop;
    /// The server goes for good.
    GoingAway = 1001, "going away", Reconnect;
    /// The bytes are not WebSocket.
    Protocol = 1002, "protocol error", Reconnect;
    /// Binary frames are not spoken here.
    Unsupported = 1003, "binary is not spoken here", Stop;
    /// A text that is not UTF-8.
    InvalidText = 1007, "text is not utf-8", Reconnect;
    /// Against the rules in a way no other code names.
    Policy = 1008, "policy violation", Stop;
    /// A frame or message over the limit.
    TooLarge = 1009, "message too large", Reconnect;
    /// A fault of ours.
    Internal = 1011, "internal error", Reconnect;
    /// This node restarts: come back after the hint.
    Restart = 1012, "service restart", Reconnect;
    /// This node is full: try later.
    TryLater = 1013, "try again later", Reconnect;
    /// The token is missing, bad, expired or revoked.
    Unauthorized = 4001, "unauthorized", RefreshThenReconnect;
    /// Foreign origin or audience.
    Forbidden = 4003, "forbidden", Stop;
    /// No `auth` frame in time.
    AuthTimeout = 4008, "no auth frame in time", Reconnect;
    /// Nothing was heard from the peer.
    Silent = 4009, "peer silent", Reconnect;
    /// The peer reads too slowly: come back with the cursor.
    TooSlow = 4010, "too slow", Reconnect;
    /// A flood of frames.
    RateAbuse = 4029, "rate abuse", Reconnect;
    /// The user or address has too many connections.
    TooManyConnections = 4030, "too many connections", Reconnect;
    /// An operator removed the session.
    Removed = 4040, "removed by an operator", Stop;
}

impl CloseCode {
    /// Whether the client should come back by itself.
    #[must_use]
    pub const fn reconnect(self) -> bool {
        !matches!(self.next_step(), NextStep::Stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_code_is_read_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
    }

    #[test]
    fn close_codes_are_sendable_and_sorted() {
        let numbers: Vec<u16> = CloseCode::ALL.iter().map(|code| code.as_u16()).collect();
        assert!(numbers.is_sorted());
        assert!(
            numbers
                .iter()
                .all(|code| !matches!(code, 1004..=1006 | 1015))
        );
        // A control frame holds 125 bytes, two of them the code.
        assert!(CloseCode::ALL.iter().all(|code| code.reason().len() <= 123));
    }
}
