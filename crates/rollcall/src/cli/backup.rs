//! `rollcall backup`: a consistent copy of the SQLite database, while a server uses it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rollcall_store::{SqliteCopy, copy_sqlite, inspect_sqlite};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time;

use super::time::{exact_time, message_of, short_time};
use super::whole_file::{WholeFile, keep_off_database};
use crate::output::{self, Progress};
use crate::server::{database, logging};
use crate::settings::{Database, General, Invalid};

/// How often it is looked how far a copy is.
const LOOK: Duration = Duration::from_millis(200);

/// `rollcall backup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rollcall backup rollcall.backup.db --data-dir ./rollcall-data\n  \
                        rollcall backup /backups/today.db --force && rclone copy /backups/today.db offsite:\n\n\
                        The server may be running: it is not held up, and what it had answered when the backup began is in \
                        it. `rollcall restore FILE` puts it back. A database on PostgreSQL is backed up by pg_dump, or by what the \
                        server is backed up with.")]
pub(super) struct Backup {
    /// The file that is made, readable by its owner alone
    file: PathBuf,

    /// Replace a file that is there
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

impl Backup {
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        let Some(source) = database::sqlite_file(&self.database) else {
            return Err(Invalid(
                "a backup is of a SQLite database, and this one is on PostgreSQL: use pg_dump, or archive its log for \
                 point-in-time recovery; `rollcall export --directory NAME` takes a directory out of it"
                    .to_owned(),
            )
            .into());
        };
        if !source.exists() {
            bail!(
                "there is no database {}: name the server's with --data-dir or --database-url",
                source.display()
            );
        }
        keep_off_database(&self.file, Some(&source))?;
        let (whole, _file) = WholeFile::new(&self.file, self.force)?;
        copy(&source, whole.temporary()).await.context("no backup was made")?;
        let copy = whole.temporary().to_owned();
        let copy = spawn_blocking(move || inspect_sqlite(&copy)).await?.context("no backup was made")?;
        whole.put()?;
        if self.json {
            return output::json(&as_json(&self.file, &copy));
        }
        output::line(&format!("{}: {}", self.file.display(), described(&copy)))
    }
}

/// Copies a database, and shows how far it is.
async fn copy(source: &Path, to: &Path) -> Result<()> {
    let length = |file: &Path| file.metadata().map_or(0, |metadata| metadata.len());
    let whole = length(source).max(1);
    let mut progress = Progress::new();
    let mut copying = {
        let (source, to) = (source.to_owned(), to.to_owned());
        spawn_blocking(move || copy_sqlite(&source, &to))
    };
    loop {
        match time::timeout(LOOK, &mut copying).await {
            Ok(copied) => return Ok(copied??),
            Err(_) => {
                progress
                    .show(|| format!("copied {} % of {}", (length(to) * 100 / whole).min(100), size(whole)));
            }
        }
    }
}

/// A backup in a sentence.
pub(super) fn described(copy: &SqliteCopy) -> String {
    let SqliteCopy { bytes, directories, users, groups, .. } = copy;
    let last = short_time(message_of(copy.last_change))
        .map_or_else(|| "nothing has changed in it yet".to_owned(), |time| format!("last changed {time}"));
    format!("{}, directories {directories}, users {users}, groups {groups}, {last}", size(*bytes))
}

/// The same for machines.
pub(super) fn as_json(file: &Path, copy: &SqliteCopy) -> Value {
    json!({
        "file": file.display().to_string(),
        "bytes": copy.bytes,
        "migration": copy.migration,
        "directories": copy.directories,
        "users": copy.users,
        "groups": copy.groups,
        "lastChange": exact_time(message_of(copy.last_change)),
    })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_says_what_is_in_it() {
        let copy = SqliteCopy {
            bytes: 2_100_000,
            migration: 21,
            directories: 2,
            users: 7,
            groups: 1,
            last_change: Some(1_764_000_000_000_000),
        };
        let text = described(&copy);
        assert_eq!(text, "3 MB, directories 2, users 7, groups 1, last changed 2025-11-24T16:00:00Z");
        let text = described(&SqliteCopy { bytes: 90_112, last_change: None, ..copy });
        assert!(text.starts_with("91 kB") && text.ends_with("nothing has changed in it yet"), "{text}");
    }
}
