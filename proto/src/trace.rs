//! Which trace a piece of work belongs to, as W3C Trace Context writes it: `00-<trace>-<span>-<flags>`.

use std::fmt;

/// The header that carries a [`Context`], of HTTP requests and of messages on NATS.
pub const TRACEPARENT: &str = "traceparent";

/// Characters of version `00`.
const TEXT_BYTES: usize = 55;

/// The only flag that there is so far.
const SAMPLED: u8 = 1;

/// A span, as those that come after it name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

impl Context {
    /// `None` when one of the ids is all zeroes, which no span has.
    #[must_use]
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8], is_sampled: bool) -> Option<Self> {
        let is_valid = trace_id != [0; 16] && span_id != [0; 8];
        is_valid.then_some(Self {
            trace_id,
            span_id,
            flags: u8::from(is_sampled),
        })
    }

    /// Reads a `traceparent`. Of a later version, what this one knows. `None` for what is none: whoever gets it begins a
    /// trace of his own, as the standard says.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (known, later) = bytes.split_at_checked(TEXT_BYTES)?;
        let version: [u8; 1] = hex(&known[..2])?;
        let is_whole = later.is_empty() || (version[0] > 0 && later[0] == b'-');
        let has_dashes = [2, 35, 52].into_iter().all(|at| known[at] == b'-');
        if version[0] == u8::MAX || !is_whole || !has_dashes {
            return None;
        }
        let flags: [u8; 1] = hex(&known[53..])?;
        Self::new(
            hex(&known[3..35])?,
            hex(&known[36..52])?,
            flags[0] & SAMPLED != 0,
        )
    }

    /// As [`parse`](Self::parse), of one that is recorded; of any other it looks at the last character alone.
    #[must_use]
    pub fn parse_sampled(text: &str) -> Option<Self> {
        let digit = char::from(*text.as_bytes().get(TEXT_BYTES - 1)?).to_digit(16)?;
        if digit & u32::from(SAMPLED) == 0 {
            return None;
        }
        Self::parse(text)
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The span within it.
    #[must_use]
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// A `traceparent`.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = u128::from_be_bytes(self.trace_id);
        let span = u64::from_be_bytes(self.span_id);
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", self.flags)
    }
}

/// Lower-case digits only, as the standard says.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_and_written_alike() {
        let context = Context::parse(SENT).unwrap();
        assert_eq!(context.to_string(), SENT);
        assert_eq!(context.trace_id()[..2], [0x0a, 0xf7]);
        assert_eq!(context.span_id()[7], 0x31);
        assert!(context.is_sampled());
        let unsampled = Context::parse(&SENT.replace("-01", "-00")).unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn later_versions_and_flags_are_read_as_far_as_they_are_known() {
        let later = SENT.replacen("00", "cc", 1);
        assert_eq!(Context::parse(&later), Context::parse(SENT));
        assert_eq!(
            Context::parse(&format!("{later}-more")),
            Context::parse(SENT)
        );
        let flagged = SENT.replace("-01", "-ff");
        assert_eq!(Context::parse(&flagged), Context::parse(SENT));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        for wrong in [
            "",
            "00",
            &SENT[..54],
            &format!("{SENT}-more"),
            &format!("{SENT}0"),
            &SENT.replacen("00", "ff", 1),
            &SENT.replacen("00", "cc", 1).replace("-01", "-01x"),
            &SENT.to_uppercase(),
            &SENT.replace('-', "_"),
            &SENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &SENT.replace("b7ad6b7169203331", &"0".repeat(16)),
            &SENT.replace("-01", "-0x"),
            "00-\u{e9}af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert_eq!(Context::parse(wrong), None, "{wrong}");
            assert_eq!(Context::parse_sampled(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_is_recorded_is_looked_at_closely() {
        assert_eq!(Context::parse_sampled(SENT), Context::parse(SENT));
        assert_eq!(Context::parse_sampled(&SENT.replace("-01", "-00")), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,80}") {
            let _none_or_some = (Context::parse(&text), Context::parse_sampled(&text));
        }

        #[test]
        fn any_context_survives_its_text(trace: [u8; 16], span: [u8; 8], sampled: bool) {
            let context = Context::new(trace, span, sampled);
            prop_assert_eq!(context.and_then(|own| Context::parse(&own.to_string())), context);
        }
    }
}
