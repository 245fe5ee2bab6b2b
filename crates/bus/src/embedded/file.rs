//! The store's file: made, opened and checked.

use super::schema;
use redb::{Database, ReadableDatabase as _};
use std::{
    io,
    path::{Path, PathBuf},
};

const NAME: &str = "fanfare.redb";

/// The version of the tables in `schema`. A file of a newer one is refused.
const FORMAT: u64 = 1;

/// For a single record.
const LITTLE_CACHE_BYTES: usize = 1024 * 1024;

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// This user may not write there.
    #[error(
        "cannot write to the data directory {path:?}: give this user the right to, or choose another directory"
    )]
    NotWritable {
        /// The directory.
        path: PathBuf,
    },
    /// There is something, and it is no directory.
    #[error("the data directory {path:?} is not a directory: choose another one")]
    NotADirectory {
        /// What was named.
        path: PathBuf,
    },
    /// One process at a time.
    #[error(
        "the data directory {path:?} is in use by another Fanfare process: stop that one, or choose another directory"
    )]
    AlreadyOpen {
        /// The directory.
        path: PathBuf,
    },
    /// The file is not what was written.
    #[error(
        "the store in {path:?} is damaged: put back a backup, or move the directory away to begin anew"
    )]
    Damaged {
        /// The directory.
        path: PathBuf,
    },
    /// Written by a later release.
    #[error(
        "the store in {path:?} was written by a newer release (format {found}, this one knows {FORMAT}): start that release"
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Version of the file.
        found: u64,
    },
    /// The system refused.
    #[error("the store in {path:?} does not open: {cause}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) epoch: u32,
}

pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Opened, OpenError> {
    prepare(path).map_err(|cause| from_io(path, cause))?;
    let shown = path.to_owned();
    // The engine answers some damage with a panic; to the operator it is the same.
    let result = std::panic::catch_unwind(|| {
        let database = redb::Builder::new()
            .set_cache_size(cache_bytes)
            .set_repair_callback(move |session| {
                tracing::info!(
                    path = %shown.display(),
                    progress_percent = session.progress() * 100.0,
                    "the store was not closed in order and is being checked"
                );
            })
            .create(path.join(NAME))?;
        let epoch = check(&database)?;
        Ok(Opened { database, epoch })
    });
    match result {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(Refused::Newer(found))) => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
        }),
        Ok(Err(Refused::Engine(error))) => Err(from_engine(path, error)),
        Err(_panic) => Err(OpenError::Damaged {
            path: path.to_owned(),
        }),
    }
}

enum Refused {
    Newer(u64),
    Engine(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

/// Creates what is missing, for this user only.
fn prepare(path: &Path) -> io::Result<()> {
    let mut directory = std::fs::DirBuilder::new();
    directory.recursive(true);
    let mut file = std::fs::OpenOptions::new();
    file.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directory.mode(0o700);
        file.mode(0o600);
    }
    directory.create(path)?;
    file.open(path.join(NAME)).map(drop)
}

/// Makes the tables of a new file, or checks that the file's are ours; returns the epoch.
fn check(database: &Database) -> Result<u32, Refused> {
    let reading = database.begin_read()?;
    let format = match reading.open_table(schema::META) {
        Ok(meta) => meta.get(schema::META_FORMAT)?.map(|found| found.value()),
        Err(redb::TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    drop(reading);
    match format {
        Some(found) if found > FORMAT => return Err(Refused::Newer(found)),
        Some(_known) => {}
        None => create(database)?,
    }
    let meta = database.begin_read()?.open_table(schema::META)?;
    let epoch = meta
        .get(schema::META_EPOCH)?
        .and_then(|epoch| u32::try_from(epoch.value()).ok());
    epoch.ok_or_else(|| Refused::Engine(schema::damaged("no epoch")))
}

fn create(database: &Database) -> Result<(), Refused> {
    let writing = database.begin_write()?;
    schema::Tables::open(&writing)?;
    {
        let mut meta = writing.open_table(schema::META)?;
        meta.insert(schema::META_FORMAT, FORMAT)?;
        meta.insert(schema::META_EPOCH, u64::from(new_epoch()?))?;
    }
    writing.commit()?;
    Ok(())
}

/// Begins another life of the log in `path`, where there must be one.
pub(super) fn renew_epoch(path: &Path) -> Result<(), OpenError> {
    std::fs::metadata(path.join(NAME)).map_err(|cause| from_io(path, cause))?;
    let Opened { database, .. } = open(path, LITTLE_CACHE_BYTES)?;
    let renew = || -> Result<(), redb::Error> {
        let writing = database.begin_write()?;
        writing
            .open_table(schema::META)?
            .insert(schema::META_EPOCH, u64::from(new_epoch()?))?;
        Ok(writing.commit()?)
    };
    renew().map_err(|error| from_engine(path, error))
}

/// Two lives of a log must not share an epoch; 0 is kept for "none".
fn new_epoch() -> Result<u32, redb::Error> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_unspecified| redb::Error::Io(io::Error::other("no random numbers")))?;
    Ok(u32::from_le_bytes(bytes).max(1))
}

fn from_io(path: &Path, cause: io::Error) -> OpenError {
    let path = path.to_owned();
    match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::NotWritable { path }
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            OpenError::NotADirectory { path }
        }
        // The engine's word for "this is not one of my files".
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => OpenError::Damaged { path },
        _ => OpenError::Io { path, cause },
    }
}

fn from_engine(path: &Path, error: redb::Error) -> OpenError {
    match error {
        redb::Error::DatabaseAlreadyOpen => OpenError::AlreadyOpen {
            path: path.to_owned(),
        },
        redb::Error::Io(cause) => from_io(path, cause),
        other => {
            tracing::error!(path = %path.display(), error = %other, "the store does not open");
            OpenError::Damaged {
                path: path.to_owned(),
            }
        }
    }
}
