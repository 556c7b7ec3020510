//! Files that come to their place whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Only its owner may look into a file that holds what people are called.
const MODE: u32 = 0o600;

/// A new file under a temporary name beside its place; dropped, it is gone.
#[derive(Debug)]
pub(super) struct WholeFile {
    place: PathBuf,
    /// Whether a file that is there already is replaced.
    replaces: bool,
    temporary: PathBuf,
}

impl WholeFile {
    /// Makes it, and it is empty. Errors: there is a file at its place that is not to be replaced.
    pub(super) fn new(place: &Path, replaces: bool) -> Result<(Self, File)> {
        if !replaces && place.exists() {
            return Err(taken(place));
        }
        if place.is_dir() {
            bail!("{} is a directory: name a file", place.display());
        }
        let mut temporary = place.as_os_str().to_owned();
        temporary.push(format!(".{}.new", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&temporary)
            .with_context(|| format!("cannot make {}", temporary.display()))?;
        Ok((Self { place: place.to_owned(), replaces, temporary }, file))
    }

    /// Where it is until it is put to its place.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Puts it to its place, once what was written is on the disk.
    pub(super) fn put(self) -> Result<()> {
        let place = self.place.display();
        let failed = || format!("cannot make {place}");
        File::open(&self.temporary).and_then(|file| file.sync_all()).with_context(failed)?;
        if self.replaces {
            fs::rename(&self.temporary, &self.place).with_context(failed)?;
        } else {
            match fs::hard_link(&self.temporary, &self.place) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(taken(&self.place)),
                // Not every file system has hard links.
                Err(_) => fs::rename(&self.temporary, &self.place).with_context(failed)?,
            }
        }
        sync_directory_of(&self.place)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Where it has been renamed there is nothing to remove.
        _ = fs::remove_file(&self.temporary);
    }
}

/// Makes durable that a file has come to its place.
pub(super) fn sync_directory_of(place: &Path) -> Result<()> {
    let directory = match place.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .with_context(|| format!("cannot write to {}", directory.display()))
}

fn taken(place: &Path) -> anyhow::Error {
    anyhow::anyhow!("{} is there already: name another file, or replace it with --force", place.display())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_comes_whole_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("backup.db");
        let (whole, mut file) = WholeFile::new(&place, false).unwrap();
        file.write_all(b"all of it").unwrap();
        assert!(!place.exists());
        whole.put().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"all of it");
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing stays beside it");
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_that_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("backup.db");
        let (late, _file) = WholeFile::new(&place, false).unwrap();
        fs::write(&place, "mine").unwrap();
        assert!(late.put().unwrap_err().to_string().contains("--force"));
        assert!(WholeFile::new(&place, false).unwrap_err().to_string().contains("--force"));
        assert_eq!(fs::read(&place).unwrap(), b"mine");
        let (whole, _file) = WholeFile::new(&place, true).unwrap();
        whole.put().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"");
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        drop(WholeFile::new(&directory.path().join("backup.db"), false).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
