//! What is said on the terminal. Results go to standard output, everything else to standard error.

use std::{borrow::Cow, io::Write as _};

/// One line of result. A reader that has gone (`| head`) is not an error worth a word.
pub(crate) fn line(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}

/// One line beside the result.
pub(crate) fn aside(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{}", visible(text));
}

/// `text` on one line, with control characters as escapes: what others wrote must not steer the reader's terminal.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Why it did not work.
pub(crate) fn complain(text: &str) {
    aside(&format!("fanfare: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_instead_of_obeyed() {
        assert_eq!(
            visible("a\u{1b}[2J\nb\r\u{9b}31m\u{7f}"),
            "a\\u{1b}[2J\\nb\\r\\u{9b}31m\\u{7f}"
        );
        assert_eq!(visible("你好 \"é\""), "你好 \"é\"");
    }
}
