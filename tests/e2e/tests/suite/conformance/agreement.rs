//! What client and server agree about compression (RFC 7692).

/// What a client offers, and what must become of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Offer {
    /// The values of as many `Sec-WebSocket-Extensions` headers.
    pub(super) values: Vec<String>,
    /// `None`: the server has to answer without the extension.
    pub(super) due: Option<Agreement>,
}

/// That messages may be compressed, each without a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// Base-two logarithm of the largest window the server may use; `None` when the offer did not say.
    pub(super) server_window_bits: Option<u8>,
}

impl Offer {
    pub(super) fn headers(&self) -> String {
        let lines = self.values.iter();
        let lines = lines.map(|value| format!("Sec-WebSocket-Extensions: {value}\r\n"));
        lines.collect()
    }
}

impl Agreement {
    pub(super) fn window_bits(self) -> u8 {
        self.server_window_bits.unwrap_or(15)
    }
}

/// Reads what the head of an answer says. The only extension there may be is without a context on either side.
pub(super) fn read(head: &str) -> Result<Option<Agreement>, String> {
    let values: Vec<&str> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _value)| name.eq_ignore_ascii_case("sec-websocket-extensions"))
        .map(|(_name, value)| value.trim())
        .collect();
    let value = match values[..] {
        [] => return Ok(None),
        [value] => value,
        _ => return Err(format!("several extensions: {values:?}")),
    };
    let mut parts: Vec<&str> = value.split(';').map(str::trim).collect();
    let window = parts.iter().find_map(|part| {
        let bits = part.strip_prefix("server_max_window_bits=")?;
        Some((*part, bits.parse().ok()?))
    });
    if let Some((window, _bits)) = window {
        parts.retain(|part| *part != window);
    }
    parts[1..].sort_unstable();
    let plain = [
        "permessage-deflate",
        "client_no_context_takeover",
        "server_no_context_takeover",
    ];
    if parts != plain {
        return Err(format!("the extension {value:?}"));
    }
    Ok(Some(Agreement {
        server_window_bits: window.map(|(_window, bits)| bits),
    }))
}
