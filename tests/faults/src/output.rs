//! What is said on the terminal: the table on standard output, everything else on standard error.

use std::io::Write as _;

/// A part of the result. A reader that has gone (`| head`) is not an error worth a word.
pub(crate) fn result(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}

/// What is being done.
pub(crate) fn aside(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}");
}
