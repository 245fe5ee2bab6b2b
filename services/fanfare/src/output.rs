//! What is said on the terminal. Results go to standard output, everything else to standard error.

use std::io::Write as _;

/// One line of result. A reader that has gone (`| head`) is not an error worth a word.
pub(crate) fn line(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}

/// One line beside the result.
pub(crate) fn aside(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}");
}

/// Why it did not work.
pub(crate) fn complain(text: &str) {
    aside(&format!("fanfare: {text}"));
}
