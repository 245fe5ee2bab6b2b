//! Subjects and filters.

/// Whether messages may be published to `subject`.
pub(crate) fn is_subject(subject: &str) -> bool {
    subject.split('.').all(is_token)
}

/// Whether `filter` may be listened to.
pub(crate) fn is_filter(filter: &str) -> bool {
    let body = filter.strip_suffix(".>").unwrap_or(filter);
    filter == ">" || body.split('.').all(|token| token == "*" || is_token(token))
}

/// Whether `filter` can match more than one subject.
pub(crate) fn is_wild(filter: &str) -> bool {
    filter.contains(['*', '>'])
}

fn is_token(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte))
}

/// Whether `subject` is one of those `filter` stands for.
pub(crate) fn matches(filter: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in filter.split('.') {
        let Some(token) = tokens.next() else {
            return false;
        };
        if wanted == ">" {
            return true;
        }
        if wanted != "*" && wanted != token {
            return false;
        }
    }
    tokens.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_token_and_an_arrow_the_rest() {
        for (filter, subject, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
            ("a.*", "a.b", true),
            ("a.*", "a", false),
            ("a.*", "a.b.c", false),
            ("*.b", "a.b", true),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
            ("a.*.>", "a.b", false),
            ("a.*.>", "a.b.c", true),
        ] {
            assert_eq!(matches(filter, subject), expected, "{filter} {subject}");
        }
    }

    #[test]
    fn other_texts_are_neither_subject_nor_filter() {
        for text in [
            "", ".", "a.", ".a", "a..b", "a b", "a.\0", "a.é", "a*", "a.b>", ">.a", "a.>.b",
        ] {
            assert!(!is_subject(text) && !is_filter(text), "{text:?}");
        }
        for filter in ["*", ">", "a.*", "a.>", "*.a.>"] {
            assert!(!is_subject(filter) && is_filter(filter), "{filter}");
        }
        assert!(is_subject("evt.user.a=2Eb") && is_filter("evt.user.a=2Eb"));
    }
}
