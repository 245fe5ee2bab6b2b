//! A disk that can be filled: a small file system in memory.

use crate::failure::{During as _, Failure, Outcome};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Room for what a row stores, many times over.
const SIZE: &str = "size=256m";

/// What fills it is written in pieces of this size, and at last byte by byte.
const PIECE_BYTES: usize = 1024 * 1024;

/// A mounted file system. Unmounted when it is dropped; whoever uses it must have ended.
pub(crate) struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts one at `path`, which is made.
    ///
    /// # Errors
    ///
    /// [`Failure::Unfit`] where the host does not allow it.
    pub(crate) fn mount(path: &Path) -> Outcome<Self> {
        fs::create_dir_all(path).during("making a directory to mount on")?;
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "fanfare-faults"])
            .arg(path))
        .map_err(|failure| Failure::Unfit(failure.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) -> Outcome<()> {
        let during = "filling a disk";
        let mut file = File::create(self.ballast()).during(during)?;
        let mut len = PIECE_BYTES;
        let piece = vec![0; PIECE_BYTES];
        while len > 0 {
            match file.write(&piece[..len]) {
                Ok(_written) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => len /= 2,
                Err(error) => return Err(error).during(during),
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn relieve(&self) -> Outcome<()> {
        fs::remove_file(self.ballast()).during("relieving a disk")
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _busy = run(Command::new("umount").arg(&self.path));
    }
}

fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().during(&format!("running {name}(8)"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Wrong(format!("{name}: {}", complaint.trim())))
}
