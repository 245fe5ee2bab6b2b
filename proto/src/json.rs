//! Checks on JSON text that a parser does not make.

use crate::limits::JSON_DEPTH;

/// Whether `text` nests at most [`JSON_DEPTH`] arrays and objects. Says nothing about its validity otherwise.
#[must_use]
pub fn is_shallow(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > JSON_DEPTH {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Whether `text` is an object, by its first character. For text that a parser has accepted.
#[must_use]
pub fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// Whether every reader can hold `text`: JSON without lone surrogates and without numbers beyond a double.
#[must_use]
pub fn is_portable(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_readers_cannot_hold_is_not_portable() {
        assert!(is_portable(r#"{"a":[1.5e300,"\ud83d\ude00",null]}"#));
        for text in [r#""\ud800""#, "1e9999", "[", "nul"] {
            assert!(!is_portable(text), "{text}");
        }
    }

    #[test]
    fn depth_counts_outside_strings_only() {
        assert!(is_shallow(&"[]".repeat(1_000)));
        assert!(is_shallow(&format!("\"\\\"{}\"", "[".repeat(1_000))));
        assert!(is_shallow(&"[".repeat(JSON_DEPTH)));
        assert!(!is_shallow(&"[".repeat(JSON_DEPTH + 1)));
    }
}
