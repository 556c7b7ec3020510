//! The file, looked at beside the server that has it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::connection::tables_of;
use super::copies::{companion, open_unchanging};
use super::dialect::{IS_MIGRATED, MIGRATIONS};
use super::failure::failure;
use super::{file_of, require_ours};
use crate::examination::{ASKED, compared};
use crate::{Error, Examination, Result};

/// How long it is waited for a process that keeps all others out, as one does that recovers the log of another one that died.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks at a file. Errors: as those of [`examine`](crate::examine).
pub(crate) async fn examine(url: &str) -> Result<Examination> {
    let file = file_of(url)?;
    let looking = tokio::task::spawn_blocking(move || look(&file));
    looking.await.map_err(|gone| Error::Unavailable(Box::new(gone)))?
}

fn look(file: &Path) -> Result<Examination> {
    let about = file.metadata().map_err(|error| Error::Unavailable(Box::new(error)))?;
    let connection = open(file)?;
    require_ours(file, tables_of(&connection))?;
    let latency = (0..ASKED).map(|_| {
        let asked = Instant::now();
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(())).map(|()| asked.elapsed())
    });
    let latency = latency.collect::<rusqlite::Result<Vec<_>>>().map_err(failure)?;
    let log = companion(file, "-wal").metadata().map_or(0, |log| log.len());
    Ok(Examination {
        engine: format!("SQLite {}", rusqlite::version()),
        latency: latency.into_iter().min().unwrap_or_default(),
        ahead: None,
        bytes: about.len() + log,
        takes_changes: std::fs::OpenOptions::new().write(true).open(file).is_ok(),
        connections: None,
        migrations: compared(MIGRATIONS, &applied(&connection).map_err(failure)?),
    })
}

/// Opens the file to read. One that nobody has is opened so that nothing is made beside it, which would stay there.
fn open(file: &Path) -> Result<Connection> {
    if !companion(file, "-wal").exists() {
        return open_unchanging(file);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failure)?;
    connection.busy_timeout(PATIENCE).map_err(failure)?;
    Ok(connection)
}

/// The migrations that were applied, by number and checksum.
fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
    if !connection.query_row(IS_MIGRATED, [], |row| row.get(0))? {
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use uuid::Uuid;

    use super::*;
    use crate::{Options, open};

    fn beside(file: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(file.parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_is_looked_at_while_somebody_writes_and_when_nobody_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rollcall.db");
        let url = format!("sqlite:{}", file.display());
        let store = open(&url, &Options::default()).await.unwrap();
        let found = examine(&url).await.unwrap();
        assert_eq!(found.migrations.pending.len(), MIGRATIONS.len());
        store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap();

        let transaction = store.begin().await.unwrap();
        let found = examine(&url).await.unwrap();
        assert!(found.engine.starts_with("SQLite 3.") && found.takes_changes, "{found:?}");
        assert_eq!(found.migrations, crate::Migrations::default());
        transaction.save().await.unwrap();
        store.close().await;
        drop(store);

        let before = beside(&file);
        examine(&url).await.unwrap();
        // Whoever closed it may still be putting its log away.
        assert!(beside(&file).iter().all(|name| before.contains(name)));
    }

    #[tokio::test]
    async fn what_is_no_database_is_named_and_none_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("none.db");
        assert!(examine(&format!("sqlite:{}", file.display())).await.is_err());
        assert!(!file.exists());
        std::fs::write(&file, "no database".repeat(100)).unwrap();
        let refused = examine(&format!("sqlite:{}", file.display())).await.unwrap_err().to_string();
        assert!(refused.contains("no SQLite database"), "{refused}");
    }
}
