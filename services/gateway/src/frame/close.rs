//! The payload of a close frame.

use super::{Event, Violation};

/// Reads the payload of a peer's close frame.
pub(super) fn parse(payload: &[u8]) -> Result<Event<'_>, Violation> {
    if payload.is_empty() {
        return Ok(Event::Close {
            code: None,
            reason: "",
        });
    }
    let (code, reason) = payload.split_first_chunk().ok_or(Violation::Close)?;
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::Close);
    }
    let reason = simdutf8::basic::from_utf8(reason).map_err(|_not_utf8| Violation::InvalidText)?;
    Ok(Event::Close {
        code: Some(code),
        reason,
    })
}

/// Whether a close frame may carry `code`: 1004 to 1006 and 1015 are for reports inside a program, the rest below 3000
/// is not assigned, and from 5000 on nothing is defined (RFC 6455, 7.4, and the registry it opened).
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
