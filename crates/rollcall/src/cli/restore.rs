//! `rollcall restore`: puts a backup in the place of a SQLite database.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use jiff::{Timestamp, Unit};
use rollcall_store::{SqliteCopy, fold_sqlite_log, inspect_sqlite};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::backup::{as_json, described};
use super::time;
use super::whole_file::{WholeFile, beside, sync_directory_of};
use crate::output::{self, Progress};
use crate::server::file_lock::FileLock;
use crate::server::{database, logging};
use crate::settings::{Database, General, Invalid};

/// What SQLite keeps beside a database, and has to go where that goes.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// `rollcall restore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rollcall restore rollcall.backup.db --data-dir ./rollcall-data\n  \
                        rollcall restore rollcall.backup.db --data-dir ./rollcall-data --force\n\n\
                        The backup is checked first, and stays where it is. What was made or changed after it is gone: \
                        users, tokens and keys. What was revoked after it counts again: revoke it anew, and make new page \
                        token keys with `rollcall page-token-key rotate` if you are not sure who had the file.")]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,

    /// Replace a database that no server uses; it stays beside the new one, under a name with the time
    #[arg(long)]
    force: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    pub(super) general: General,
}

impl Restore {
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        let Some(place) = database::sqlite_file(&self.database) else {
            return Err(Invalid(
                "a backup is a SQLite database, and this one is on PostgreSQL: use pg_restore, or \
                 `rollcall import FILE --directory NAME` for a directory that was exported"
                    .to_owned(),
            )
            .into());
        };
        let lock = self.claim(&place)?;
        let mut progress = Progress::new();
        progress.show(|| format!("copying {}", self.file.display()));
        let whole = self.copied(&place)?;
        progress.show(|| format!("checking {}", self.file.display()));
        let copy = whole.temporary().to_owned();
        let copy = spawn_blocking(move || inspect_sqlite(&copy)).await?;
        let copy = copy.map_err(|error| self.of_the_backup(whole.temporary(), &error))?;
        drop(progress);
        // What takes long comes first: once the other one is out of its place, this one comes at once.
        whole.sync()?;
        let kept = if lock.is_some() {
            // Killed while it is set aside, it is whole all the same. One that is damaged may be what a restore is for.
            let _ = fold_sqlite_log(&place);
            Some(set_aside(&place)?)
        } else {
            None
        };
        whole.put().with_context(|| match &kept {
            Some(kept) => format!("nothing was restored; the database that was there is {}", kept.display()),
            None => "nothing was restored".to_owned(),
        })?;
        drop(lock);
        self.print(&place, &copy, kept.as_deref())
    }

    /// Makes sure that the place is free, or that a database that is there may be replaced, which nobody serves as long as the
    /// lock is kept.
    fn claim(&self, place: &Path) -> Result<Option<FileLock>> {
        if place.exists() {
            // Whoever serves it is told first: --force would not help.
            let lock = FileLock::take(place, "rollcall restore FILE")?;
            if !self.force {
                bail!(
                    "there is a database {} already: give the backup another place with --data-dir, or replace that one, \
                     which then stays beside it, with --force",
                    place.display()
                );
            }
            return Ok(Some(lock));
        }
        for companion in COMPANIONS.map(|suffix| beside(place, suffix)) {
            if companion.exists() {
                bail!(
                    "{} is there without its database, and would be taken for a part of the backup: move it away first",
                    companion.display()
                );
            }
        }
        Ok(None)
    }

    /// A copy of the backup beside the place where it is to be.
    fn copied(&self, place: &Path) -> Result<WholeFile> {
        let shown = self.file.display();
        // Beside it lies what is not in it: told before anything is copied.
        if beside(&self.file, "-wal").metadata().is_ok_and(|metadata| metadata.len() > 0) {
            inspect_sqlite(&self.file)?;
        }
        if self.file.exists() && !self.file.is_file() {
            bail!("{shown} is no file: name a backup");
        }
        let mut backup = File::open(&self.file).with_context(|| format!("cannot read {shown}"))?;
        if let Some(directory) = place.parent().filter(|directory| *directory != Path::new("")) {
            DirBuilder::new()
                .recursive(true)
                .mode(database::DIRECTORY_MODE)
                .create(directory)
                .with_context(|| format!("cannot make the data directory {}", directory.display()))?;
        }
        let (whole, mut file) = WholeFile::new(place, self.force)?;
        io::copy(&mut backup, &mut file).with_context(|| format!("cannot copy {shown}"))?;
        Ok(whole)
    }

    /// What is wrong with the copy, said of the backup.
    fn of_the_backup(&self, copy: &Path, error: &rollcall_store::Error) -> anyhow::Error {
        let (copy, file) = (copy.display().to_string(), self.file.display().to_string());
        anyhow::anyhow!("nothing was restored: {}", error.to_string().replace(&copy, &file))
    }

    fn print(&self, place: &Path, copy: &SqliteCopy, kept: Option<&Path>) -> Result<()> {
        let age = copy.last_change.and_then(age);
        if self.json {
            let mut told = as_json(place, copy);
            told["seconds"] = json!(age.map(|(seconds, _)| seconds));
            told["kept"] = json!(kept.map(|kept| kept.display().to_string()));
            return output::json(&told);
        }
        output::line(&format!("{}: {}", place.display(), described(copy)))?;
        let since = age.map_or_else(String::new, |(_, words)| format!(", {words} ago"));
        output::remark(&format!(
            "What was made or changed after that{since}, is gone: users, tokens and keys too. What was revoked or deleted \
             after that counts again."
        ));
        if let Some(kept) = kept {
            output::remark(&format!("The database that was there is {}.", kept.display()));
        }
        Ok(())
    }
}

/// How long ago a time in µs was: in seconds, and in words.
fn age(micros: i64) -> Option<(i64, String)> {
    let then = Timestamp::from_microsecond(micros).ok()?;
    let seconds = time::now().duration_since(then).as_secs().max(0);
    let words = match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    Some((seconds, words))
}

/// Gives a database another name, and what SQLite keeps beside it. The database itself stays at its place as well, until another
/// one takes that: whatever ends this command in between, what is started next finds one.
fn set_aside(place: &Path) -> Result<PathBuf> {
    let now = time::now();
    let now = now.round(Unit::Millisecond).unwrap_or(now).to_string().replace(':', "-");
    let kept = beside(place, &format!(".{now}.old"));
    // Nothing is ever renamed over what an earlier one kept.
    for suffix in ["", COMPANIONS[0], COMPANIONS[1]] {
        let taken = beside(&kept, suffix);
        if taken.exists() {
            bail!("{} is there already: try again", taken.display());
        }
    }
    // The log goes first: left behind it would be taken for that of the database that comes.
    for suffix in COMPANIONS {
        let companion = beside(place, suffix);
        if companion.exists() {
            fs::rename(&companion, beside(&kept, suffix))
                .with_context(|| format!("cannot rename {}", companion.display()))?;
        }
    }
    // Not every file system has hard links.
    fs::hard_link(place, &kept)
        .or_else(|_| fs::rename(place, &kept))
        .with_context(|| format!("cannot rename {}", place.display()))?;
    sync_directory_of(place)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_people_would_use() {
        let told = |seconds: i64| age(time::now().as_microsecond() - seconds * 1_000_000).unwrap().1;
        assert_eq!(told(90), "90 seconds");
        assert_eq!(told(600), "10 minutes");
        assert_eq!(told(7_300), "2 hours");
        assert_eq!(told(3 * 86_400), "3 days");
        assert_eq!(told(-5), "0 seconds");
    }

    #[test]
    fn a_database_that_is_set_aside_takes_its_log_along() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("rollcall.db");
        for suffix in ["", "-wal", "-shm"] {
            fs::write(beside(&place, suffix), suffix).unwrap();
        }
        let kept = set_aside(&place).unwrap();
        assert!(!beside(&place, "-wal").exists() && !beside(&place, "-shm").exists());
        assert!(place.exists(), "until another one takes its place");
        assert_eq!(fs::read_to_string(beside(&kept, "-wal")).unwrap(), "-wal");
        assert!(kept.to_str().unwrap().ends_with("Z.old"), "{}", kept.display());
        let all = (0..20).map(|number| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            fs::write(&place, number.to_string()).unwrap();
            set_aside(&place).unwrap()
        });
        let all: std::collections::HashSet<_> = all.collect();
        assert_eq!(all.len(), 20, "each is kept under a name of its own");
    }
}
