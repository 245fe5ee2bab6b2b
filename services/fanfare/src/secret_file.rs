//! Secrets that are handed over as files: no variable of the process and no list of processes shows them.

use crate::Failure;
use fanfare_bus::nats::read_secret;
use std::path::Path;

/// The secret that `option` names a file of: its text without the line's end.
pub(crate) fn read(path: &Path, option: &str) -> Result<String, Failure> {
    read_secret(path).map_err(|error| {
        Failure::usage(format!(
            "{option}: {} cannot be used: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_secret_is_all_of_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for (text, secret) in [
            ("a secret ", "a secret "),
            ("a secret\n", "a secret"),
            ("a secret\r\n", "a secret"),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path, "--of").unwrap(), secret);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let complaint = || match read(&path, "--of").unwrap_err() {
            Failure::Usage(text) => text,
            Failure::Work(text) => panic!("not a usage error: {text}"),
        };
        assert!(complaint().starts_with("--of: ") && complaint().contains("No such file"));
        fs::write(&path, "\n").unwrap();
        assert!(complaint().ends_with("it is empty"));
    }
}
