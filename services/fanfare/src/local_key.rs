//! The API key of this machine's own tools, in the data directory, readable by its owner only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The key's file in a data directory.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("api-key")
}

/// The key, if there is one.
pub(crate) fn read(data_dir: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path(data_dir)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|key| !key.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the key: a whole file appears under its name, or none.
pub(crate) fn write(data_dir: &Path, key: &str) -> io::Result<()> {
    let draft = data_dir.join("api-key.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(key.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(draft, path(data_dir))
}
