//! What client and server agree about compression (RFC 7692, permessage-deflate).

use super::extension::{self, Extension};

/// Longest that the offers of a request may be together, in bytes, which bounds their number and what reading them costs.
/// Browsers offer in 42, the longest offer there can be has 128, and nobody has that many of them to fall back on.
const OFFER_BYTES: usize = 1_024;

const NAME: &str = "permessage-deflate";

/// That the messages of one connection may be compressed, each on its own: no side keeps a context between two messages,
/// so that one compressed frame serves every subscriber and an idle connection holds no window.
///
/// One byte, also as an `Option`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What the offer said of the server's window.
    server_window: Option<WindowBits>,
}

impl Agreement {
    /// The value of the `Sec-WebSocket-Extensions` header that accepts the offer.
    #[must_use]
    pub fn answer(self) -> String {
        let mut answer = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
        if let Some(bits) = self.server_window {
            answer += &format!("; server_max_window_bits={}", bits as u8);
        }
        answer
    }

    /// Whether a message of `payload_len` bytes, before compression, may be sent compressed.
    ///
    /// There is one compressed frame for all, made with the largest window. A message that fits a smaller window never
    /// points back further than that window reaches; a longer one goes plain to a client that asked for the smaller one.
    #[must_use]
    pub const fn admits(self, payload_len: usize) -> bool {
        match self.server_window {
            None | Some(WindowBits::Fifteen) => true,
            Some(bits) => payload_len <= 1 << bits as u8,
        }
    }
}

/// Base-two logarithm of a window in bytes. An enum because its niche makes an [`Agreement`] one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum WindowBits {
    Eight = 8,
    Nine,
    Ten,
    Eleven,
    Twelve,
    Thirteen,
    Fourteen,
    Fifteen,
}

impl WindowBits {
    /// Reads a parameter's value: a decimal without leading zeros.
    const fn parse(value: &[u8]) -> Option<Self> {
        Some(match value {
            b"8" => Self::Eight,
            b"9" => Self::Nine,
            b"10" => Self::Ten,
            b"11" => Self::Eleven,
            b"12" => Self::Twelve,
            b"13" => Self::Thirteen,
            b"14" => Self::Fourteen,
            b"15" => Self::Fifteen,
            _ => return None,
        })
    }
}

/// Accepts the first offer that can be accepted, of the values of all `Sec-WebSocket-Extensions` headers of a request.
/// An offer that is not understood is declined, which leaves the next one, and other extensions are passed over.
///
/// `None`, also for headers that break the grammar or are longer than anybody's: the connection is then not compressed,
/// and every client can live with that.
#[must_use]
pub fn negotiate<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Option<Agreement> {
    let mut agreement = None;
    let mut left = OFFER_BYTES;
    for value in values {
        let value = value.as_ref();
        left = left.checked_sub(value.len())?;
        let offers = extension::parse(value)?;
        agreement = agreement.or_else(|| offers.iter().find_map(accept));
    }
    agreement
}

/// Reads one offer. `None` declines it: it is of another extension, or has a parameter that is unknown, doubled or out
/// of its values.
fn accept(offer: &Extension<'_>) -> Option<Agreement> {
    if offer.name != NAME.as_bytes() {
        return None;
    }
    let mut server_window = None;
    for (at, param) in offer.params.iter().enumerate() {
        if offer.params[..at].iter().any(|own| own.name == param.name) {
            return None;
        }
        match (param.name, param.value.as_deref()) {
            (b"server_no_context_takeover" | b"client_no_context_takeover", None) => {}
            (b"server_max_window_bits", Some(value)) => {
                server_window = Some(WindowBits::parse(value)?);
            }
            // The client says that it would take a limit for its own window, or which one it keeps to. Inflating is
            // done with the largest window, so that there is nothing to limit and nothing to answer.
            (b"client_max_window_bits", None) => {}
            (b"client_max_window_bits", Some(value)) => {
                WindowBits::parse(value)?;
            }
            _ => return None,
        }
    }
    Some(Agreement { server_window })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_pays_one_byte() {
        assert_eq!(size_of::<Option<Agreement>>(), 1);
    }
}
