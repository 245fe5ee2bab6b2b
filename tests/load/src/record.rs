//! The result as a file, for the next run to be compared with and for other tools.

use crate::{
    fault::{During as _, Fault, Outcome},
    figure::Figure,
};
use serde::{Deserialize, Serialize};
use std::{fs, io::ErrorKind, path::Path};

/// What a run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Where it was found.
    #[serde(default)]
    pub(crate) machine: String,
    pub(crate) figures: Vec<Figure>,
}

impl Record {
    /// What an earlier run has left at `path`; `None` when there was none.
    pub(crate) fn read(path: &Path) -> Outcome<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).during(&format!("reading {}", path.display())),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            Fault::wrong(format!("{} is no result of a run: {error}", path.display()))
        })
    }

    /// Replaces what stands at `path`.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        let during = format!("writing {}", path.display());
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).during(&during)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        fs::write(path, text.during(&during)? + "\n").during(&during)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bench/wire.json");
        assert_eq!(Record::read(&path).unwrap(), None);
        let record = Record {
            machine: "a machine".to_owned(),
            figures: vec![Figure::new("idle", "B", None).at_most(1_024.0)],
        };
        record.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap(), Some(record));
        let text = fs::read_to_string(&path).unwrap();
        for field in ["value", "bare_loop", "ratio", "met"] {
            assert!(text.contains(&format!("\"{field}\": null")), "{text}");
        }
        fs::write(&path, "nonsense").unwrap();
        assert!(Record::read(&path).is_err());
    }
}
