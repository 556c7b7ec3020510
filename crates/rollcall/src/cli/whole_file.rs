//! Files that come to their place whole, or not at all.

use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::TempPath;

/// Only its owner may look into a file that holds what people are called.
const MODE: u32 = 0o600;

/// What SQLite keeps beside a database that it writes.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A new file beside its place, under a name that nobody else has; dropped, it is gone.
#[derive(Debug)]
pub(super) struct WholeFile {
    place: PathBuf,
    /// Whether a file that is there already is replaced.
    replaces: bool,
    temporary: Option<TempPath>,
}

impl WholeFile {
    /// Makes it, and it is empty. Errors: there is a file at its place that is not to be replaced, or something that is no file.
    pub(super) fn new(place: &Path, replaces: bool) -> Result<(Self, File)> {
        if !replaces && place.exists() {
            return Err(taken(place));
        }
        if place.exists() && !place.is_file() {
            bail!("{} is a directory or a device, not a file: name a file", place.display());
        }
        let directory = directory_of(place);
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let (file, temporary) = tempfile::Builder::new()
            .prefix(&format!("{name}."))
            .suffix(".new")
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(directory)
            .with_context(|| format!("cannot make a file in {}", directory.display()))?
            .into_parts();
        Ok((Self { place: place.to_owned(), replaces, temporary: Some(temporary) }, file))
    }

    /// Where it is until it is put to its place.
    pub(super) fn temporary(&self) -> &Path {
        self.temporary.as_deref().unwrap_or(&self.place)
    }

    /// Makes durable what was written.
    pub(super) fn sync(&self) -> Result<()> {
        File::open(self.temporary())
            .and_then(|file| file.sync_all())
            .with_context(|| format!("cannot make {}", self.place.display()))
    }

    /// Puts it to its place, once what was written is on the disk.
    pub(super) fn put(mut self) -> Result<()> {
        self.sync()?;
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        let put = if self.replaces {
            temporary.persist(&self.place)
        } else {
            temporary.persist_noclobber(&self.place)
        };
        match put {
            Ok(()) => sync_directory_of(&self.place),
            Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Err(taken(&self.place)),
            Err(refused) => {
                Err(refused.error).with_context(|| format!("cannot make {}", self.place.display()))
            }
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        for companion in self.temporary.iter().flat_map(|file| COMPANIONS.map(|suffix| beside(file, suffix)))
        {
            // Most often there is none.
            _ = fs::remove_file(companion);
        }
    }
}

/// The name of a file with something behind it.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes sure that a file is none of those of a SQLite database: what stands in the place of one that is served is the end of it.
///
/// Errors: it is, whatever links lead to it.
pub(super) fn keep_off_database(file: &Path, database: Option<&Path>) -> Result<()> {
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
    let directory = directory_of(place);
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .with_context(|| format!("cannot write to {}", directory.display()))
}

fn directory_of(place: &Path) -> &Path {
    match place.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn taken(place: &Path) -> anyhow::Error {
    anyhow::anyhow!("{} is there already: name another file, or replace it with --force", place.display())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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
        let (whole, _file) = WholeFile::new(&directory.path().join("backup.db"), false).unwrap();
        fs::write(beside(whole.temporary(), "-journal"), "half").unwrap();
        // One that was killed keeps no other from being made.
        drop((WholeFile::new(&directory.path().join("backup.db"), false).unwrap(), whole));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        for place in [Path::new("/dev/null"), directory.path()] {
            let refused = WholeFile::new(place, true).unwrap_err().to_string();
            assert!(refused.contains("not a file"), "{refused}");
        }
    }
}
