//! Encoding of an id as one token of a bus subject or key.
//!
//! Letters, digits, `_` and `-` stand for themselves; every other byte becomes `=XX` in upper-case hex. The result
//! holds no `.`, `*`, `>`, space or NUL, so no id can widen a subject.

/// Appends the encoded form of `id` to `out`.
pub fn encode_into(id: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            out.push(char::from(byte));
        } else {
            out.push('=');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// The encoded form of `id`.
#[must_use]
pub fn encode(id: &str) -> String {
    let mut out = String::with_capacity(id.len() + 8);
    encode_into(id, &mut out);
    out
}

/// Reads an encoded token back; `None` when it is not one that [`encode`] writes.
#[must_use]
pub fn decode(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'=' {
            let [high, low, after @ ..] = tail else {
                return None;
            };
            bytes.push(hex(*high)? << 4 | hex(*low)?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    let id = String::from_utf8(bytes).ok()?;
    (encode(&id) == token).then_some(id)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_and_never_widens_a_subject(id in ".{0,64}") {
            let token = encode(&id);
            prop_assert!(!token.contains(['.', '*', '>', ' ', '\0']));
            prop_assert_eq!(decode(&token), Some(id));
        }
    }

    #[test]
    fn a_second_spelling_is_refused() {
        assert_eq!(decode("=41"), None);
        assert_eq!(decode("=4"), None);
        assert_eq!(decode("a.b"), None);
    }
}
