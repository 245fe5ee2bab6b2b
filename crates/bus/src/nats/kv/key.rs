//! Keys as subjects.
//!
//! What stands between `/` or `.` becomes a token, so that a server finds what begins with such a part by its index.
//! Every other byte that a token must not have is written as `=` and two digits. A token ends in `=d` when a dot came
//! after it, and is `=e` when it is empty: no escape looks like these.

use std::fmt::Write as _;

/// Ends a token that a dot came after.
const DOT: &str = "=d";

/// Stands for an empty token.
const EMPTY: &str = "=e";

/// `key` as the last tokens of a subject.
pub(super) fn encode(key: &str) -> String {
    let mut subject = String::with_capacity(key.len() + 8);
    let mut rest = key;
    while let Some(end) = rest.find(['/', '.']) {
        token(&mut subject, &rest[..end], rest.as_bytes()[end] == b'.');
        subject.push('.');
        rest = &rest[end + 1..];
    }
    token(&mut subject, rest, false);
    subject
}

fn token(subject: &mut String, part: &str, before_dot: bool) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) {
            subject.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(subject, "={byte:02X}");
        }
    }
    if before_dot {
        subject.push_str(DOT);
    } else if part.is_empty() {
        subject.push_str(EMPTY);
    }
}

/// The key behind the last tokens of a subject; `None` when nobody here has written it.
pub(super) fn decode(subject: &str) -> Option<String> {
    let mut key = String::with_capacity(subject.len());
    let mut tokens = subject.split('.').peekable();
    while let Some(token) = tokens.next() {
        let (token, separator) = match token.strip_suffix(DOT) {
            Some(token) => (token, '.'),
            None => (token.strip_suffix(EMPTY).unwrap_or(token), '/'),
        };
        let mut rest = token;
        while let Some(escape) = rest.find('=') {
            key.push_str(&rest[..escape]);
            let digits = rest.get(escape + 1..escape + 3)?;
            key.push(char::from(u8::from_str_radix(digits, 16).ok()?));
            rest = &rest[escape + 3..];
        }
        key.push_str(rest);
        if tokens.peek().is_some() || separator == '.' {
            key.push(separator);
        }
    }
    Some(key)
}

/// The last tokens of a filter for all keys that begin with `prefix`, and for some that only begin like it.
pub(super) fn filter(prefix: &str) -> String {
    let whole = prefix.rfind(['/', '.']).map_or(0, |last| last + 1);
    let mut filter = encode(&prefix[..whole]);
    // What the prefix ends in is no token yet.
    filter.truncate(filter.len() - EMPTY.len());
    filter.push('>');
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_back() {
        let all: String = (b'!'..=b'~').map(char::from).collect();
        for key in [
            "a",
            "a/b",
            "a.b",
            "a./b",
            "/",
            ".",
            "//",
            "..",
            "/a/",
            ".a.",
            "=d",
            "=e",
            "a=d/b",
            "=2E",
            "user/7/x",
            all.as_str(),
        ] {
            let subject = encode(key);
            assert_eq!(decode(&subject).as_deref(), Some(key), "{subject}");
            let is_token = |token: &str| {
                let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte);
                !token.is_empty() && token.bytes().all(is_safe)
            };
            assert!(subject.split('.').all(is_token), "{subject}");
        }
    }

    #[test]
    fn keys_do_not_share_a_subject() {
        let texts = ["", "a", "=", "d", "e", "/", "."];
        let mut keys: Vec<String> = Vec::new();
        for first in texts {
            for second in texts {
                for third in texts {
                    keys.push(format!("{first}{second}{third}"));
                }
            }
        }
        keys.sort();
        keys.dedup();
        let mut subjects: Vec<String> = keys.iter().map(|key| encode(key)).collect();
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), keys.len());
    }

    #[test]
    fn a_filter_covers_its_prefix() {
        for (prefix, expected) in [
            ("", ">"),
            ("a", ">"),
            ("a/", "a.>"),
            ("a/b", "a.>"),
            ("a.", "a=d.>"),
            ("a.b/c", "a=d.b.>"),
            ("/", "=e.>"),
        ] {
            assert_eq!(filter(prefix), expected, "{prefix}");
            let whole = expected.trim_end_matches('>');
            assert!(encode(&format!("{prefix}x")).starts_with(whole));
            assert!(encode(&format!("{prefix}/x")).starts_with(whole));
        }
    }
}
