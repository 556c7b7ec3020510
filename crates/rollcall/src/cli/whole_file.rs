//! Files that come to their place whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
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

/// Makes sure that a file is none of those of a SQLite database: what stands in the place of one that is served is the end of it.
///
/// Errors: it is, whatever links lead to it.
pub(super) fn keep_off_database(file: &Path, database: Option<&Path>) -> Result<()> {
    let beside = |place: &Path, suffix: &str| {
        let mut name = place.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let identity = |file: &Path| fs::metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let is_of = |database: &Path| {
        let own = ["", "-wal", "-shm", ".lock"].map(|suffix| beside(database, suffix));
        own.iter().any(|own| own == file || (identity(own).is_some() && identity(own) == identity(file)))
    };
    // A file with one of these beside it is the database of another server.
    let is_anothers = ["-wal", "-shm", ".lock"].iter().any(|suffix| beside(file, suffix).exists());
    if database.is_some_and(is_of) || is_anothers {
        bail!(
            "{} belongs to a database that a server may be using: name the file that is to be made, such as rollcall.backup",
            file.display()
        );
    }
    Ok(())
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
    fn a_database_is_kept_off_under_each_of_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        let database = file("rollcall.db");
        fs::write(&database, "").unwrap();
        std::os::unix::fs::symlink(&database, file("link")).unwrap();
        for own in ["rollcall.db", "rollcall.db-wal", "rollcall.db-shm", "rollcall.db.lock", "link"] {
            let refused = keep_off_database(&file(own), Some(&database)).unwrap_err().to_string();
            assert!(refused.contains("belongs to a database") && !refused.contains("--force"), "{refused}");
        }
        fs::write(file("backup.db"), "").unwrap();
        keep_off_database(&file("backup.db"), Some(&database)).unwrap();
        keep_off_database(&file("new"), None).unwrap();
        fs::write(file("backup.db-wal"), "").unwrap();
        assert!(keep_off_database(&file("backup.db"), None).is_err(), "somebody serves that one");
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        drop(WholeFile::new(&directory.path().join("backup.db"), false).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
