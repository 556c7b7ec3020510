//! One server at a time on a SQLite file: a lock on a file beside it, which the system takes away when the process ends,
//! however it ends.
//!
//! The lock is not on the database file itself, since closing that would take SQLite's own locks on it away. The lock file
//! stays when the server ends: a file that is deleted and made anew could be locked twice. What stands in it is only read
//! by whoever is refused. Commands that work on the database itself do not ask for the lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context as _, Result, bail};

/// What follows the name of the database file in that of the lock file.
const SUFFIX: &str = ".lock";
/// Only its owner may look into a lock file, as into the database.
const MODE: u32 = 0o600;
/// The longest description of a process that is read.
const LONGEST_HOLDER: u64 = 300;
/// Where Linux says what the machine, or the container, is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The right to serve a SQLite file, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: Option<File>,
}

impl FileLock {
    /// Takes the right to serve a SQLite file that is there; `command` is what this process runs, such as `rollcall serve`.
    ///
    /// Errors: another process has it; the lock file cannot be made.
    pub(crate) fn take(database: &Path, command: &str) -> Result<Self> {
        // Whatever links lead to the file, all who serve it meet at one lock.
        let database = fs::canonicalize(database)
            .with_context(|| format!("cannot find the database {}", database.display()))?;
        let path = lock_path(&database);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(MODE)
            .open(&path)
            .with_context(|| format!("cannot open the lock file {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is served already, by {}: end that one first, or give this one another database (--data-dir, \
                 --database-url); several servers at once need PostgreSQL",
                database.display(),
                holder(&mut file)
            ),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                tracing::warn!(
                    file = %path.display(),
                    "this file system has no locks, so that a second server on the same database would not be refused"
                );
                return Ok(Self { _file: None });
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        if let Err(error) = sign(&mut file, command) {
            // The lock counts, not what stands in the file: on a full disk a server still starts, for reading.
            tracing::warn!(file = %path.display(), %error, "cannot write into the lock file who holds it");
        }
        Ok(Self { _file: Some(file) })
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push(SUFFIX);
    path.into()
}

/// Writes into a lock file who holds it.
fn sign(file: &mut File, command: &str) -> io::Result<()> {
    let host = fs::read_to_string(HOST_NAME).unwrap_or_default();
    let host = Some(host.trim()).filter(|host| !host.is_empty());
    let host = host.map(|host| format!(" on {host}")).unwrap_or_default();
    file.set_len(0)?;
    writeln!(file, "process {} ({command}{host})", process::id())
}

/// Who holds a lock file, as they wrote it.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // What cannot be read is not said.
    let _ = file.take(LONGEST_HOLDER).read_to_string(&mut text);
    match text.lines().next().unwrap_or_default().trim() {
        "" => "a process that has only just started".to_owned(),
        holder => holder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("rollcall.db");
        fs::write(&file, "").unwrap();
        (directory, file)
    }

    fn refusal(database: &Path) -> String {
        FileLock::take(database, "rollcall core").unwrap_err().to_string()
    }

    #[test]
    fn a_second_server_is_told_who_serves_the_file() {
        let (_directory, file) = database();
        let lock = FileLock::take(&file, "rollcall serve").unwrap();
        let refused = refusal(&file);
        let holder = format!("by process {} (rollcall serve", process::id());
        assert!(refused.contains(&holder) && refused.contains("--data-dir"), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
        drop(lock);
        FileLock::take(&file, "rollcall core").unwrap();
    }

    #[test]
    fn a_link_leads_to_the_same_lock() {
        let (directory, file) = database();
        let elsewhere = directory.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let link = elsewhere.join("link.db");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let _lock = FileLock::take(&file, "rollcall serve").unwrap();
        assert!(refusal(&link).contains("is served already"));
    }

    #[test]
    fn what_a_crash_left_behind_is_no_obstacle() {
        let (_directory, file) = database();
        fs::write(lock_path(&file), "process 1 (rollcall serve on a machine with a long name)\n").unwrap();
        let _lock = FileLock::take(&file, "rollcall core").unwrap();
        let text = fs::read_to_string(lock_path(&file)).unwrap();
        assert!(text.starts_with(&format!("process {} (rollcall core", process::id())), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn whoever_has_not_said_who_they_are_holds_it_all_the_same() {
        let (_directory, file) = database();
        let _lock = FileLock::take(&file, "rollcall serve").unwrap();
        fs::write(lock_path(&file), "").unwrap();
        assert!(refusal(&file).contains("only just started"));
    }

    #[test]
    fn a_lock_file_that_cannot_be_made_is_named() {
        let (_directory, file) = database();
        fs::create_dir(lock_path(&file)).unwrap();
        assert!(refusal(&file).contains("rollcall.db.lock"));
    }
}
