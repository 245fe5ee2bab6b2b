//! Why an addressee did not get a notification.

use fanfare_proto::{CloseCode, Timestamp};

/// One reason. Codes are stable; words are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its time has not come.
    NotDue { at_ms: i64 },
    /// Its time has come, but the log does not show it yet.
    Pending,
    /// Cancelled before it was sent.
    Cancelled,
    /// Taken back before he got it.
    Retracted { at_ms: i64 },
    /// Over before he got it.
    Expired { at_ms: i64 },
    /// A newer one with the same collapse key took its place before he got it.
    Collapsed { at_ms: i64 },
    /// No session of his in as long as sessions are remembered.
    NeverConnected,
    /// His last session ended before it was stored.
    NotConnectedSince { seen_ms: i64 },
    /// He has sessions open, but none of them follows the channel.
    ConnectedElsewhere { sessions: usize },
    /// A session that follows the channel is open, but has not been written so far yet.
    Behind { upto_n: u64 },
    /// His session began to follow the channel behind it, and asked for nothing earlier.
    BeganAfter { at_ms: i64 },
    /// His session was closed because it read too slowly.
    ClosedTooSlow { at_ms: i64 },
    /// His session ended before it was written.
    Closed { at_ms: i64, code: u32 },
    /// The gateway that held his session vanished without a report.
    SessionLost { seen_ms: i64 },
    /// What is known does not tell.
    Unknown { why: &'static str },
}

impl Reason {
    /// For machines.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotDue { .. } => "not_due",
            Self::Pending => "pending",
            Self::Cancelled => "cancelled",
            Self::Retracted { .. } => "retracted",
            Self::Expired { .. } => "expired",
            Self::Collapsed { .. } => "collapsed",
            Self::NeverConnected => "never_connected",
            Self::NotConnectedSince { .. } => "not_connected_since",
            Self::ConnectedElsewhere { .. } => "connected_elsewhere",
            Self::Behind { .. } => "behind",
            Self::BeganAfter { .. } => "began_after",
            Self::ClosedTooSlow { .. } => "closed_too_slow",
            Self::Closed { .. } => "closed",
            Self::SessionLost { .. } => "session_lost",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// For people.
    pub(crate) fn words(&self) -> String {
        let at = Timestamp::from_ms;
        match self {
            Self::NotDue { at_ms } => format!("It is sent at {}.", at(*at_ms)),
            Self::Pending => {
                "Its time has come, but the log does not show it yet; look again shortly.".into()
            }
            Self::Cancelled => "It was cancelled before it was sent.".into(),
            Self::Retracted { at_ms } => {
                format!("It was taken back at {}, before the user got it.", at(*at_ms))
            }
            Self::Expired { at_ms } => {
                format!("It expired at {}, before the user got it.", at(*at_ms))
            }
            Self::Collapsed { at_ms } => format!(
                "A newer notification with the same collapse key took its place at {}, before the user got it.",
                at(*at_ms)
            ),
            Self::NeverConnected => {
                "The user has had no session for as long as sessions are remembered. It waits in the inbox.".into()
            }
            Self::NotConnectedSince { seen_ms } => format!(
                "The user was last connected at {}. It waits for his return.",
                at(*seen_ms)
            ),
            Self::ConnectedElsewhere { sessions } => format!(
                "The user is connected ({sessions} open), but no session of his follows this channel. Notifications arrive on /ws/notifications/ or after a subscribe."
            ),
            Self::Behind { upto_n } => format!(
                "The user's session is open and has been written entries up to {upto_n}; this one is next in line."
            ),
            Self::BeganAfter { at_ms } => format!(
                "The user's session came to this channel at {}, after this was stored, and asked for nothing earlier. It waits in the inbox.",
                at(*at_ms)
            ),
            Self::ClosedTooSlow { at_ms } => format!(
                "The user's session was closed at {} because it read too slowly. It is sent again when he returns.",
                at(*at_ms)
            ),
            Self::Closed { at_ms, code } => {
                let known = CloseCode::ALL
                    .iter()
                    .find(|known| u32::from(known.as_u16()) == *code);
                let name = known.map_or("closed by the client", |known| known.reason());
                format!(
                    "The user's session ended at {} ({code}, {name}) before this was written to it. It waits for his return.",
                    at(*at_ms)
                )
            }
            Self::SessionLost { seen_ms } => format!(
                "The gateway that held the user's session (connected at {}) went away without a report, so what it wrote last is not known.",
                at(*seen_ms)
            ),
            Self::Unknown { why } => (*why).into(),
        }
    }
}
