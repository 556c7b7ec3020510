//! Copies of the file: how one is made while others write, and what one holds.

use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::OpenFlags;
use rusqlite::types::FromSql;

use super::connection::BUSY_TIMEOUT;
use super::dialect::MIGRATIONS;
use super::failure::failure;
use crate::{Error, Result};

/// What a SQLite file holds that is nobody's at the moment, such as a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteCopy {
    /// How long it is, in bytes.
    pub bytes: u64,
    /// The number of the last migration that it has.
    pub migration: i64,
    /// How many directories there are.
    pub directories: i64,
    /// How many users there are.
    pub users: i64,
    /// How many groups there are.
    pub groups: i64,
    /// When something last changed that there is an event of, in µs; `None`, nothing did.
    pub last_change: Option<i64>,
}

/// Copies a database, as it is at this moment, into a file that is empty or not there. Others go on reading and writing. What was
/// deleted is not in the copy.
///
/// Errors: [`Error::Unavailable`], a file cannot be read or written; [`Error::Driver`], the database is damaged.
pub fn copy_sqlite(file: &Path, to: &Path) -> Result<()> {
    let to = to.to_str().ok_or_else(|| Error::Url(format!("{} is no UTF-8", to.display())))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(file, flags).map_err(failure)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failure)?;
    connection.execute("VACUUM INTO ?1", [to]).map(drop).map_err(failure)
}

/// Writes what stands in the log beside a database that nobody uses into the database, so that it is whole without the log.
///
/// Errors: [`Error::Driver`], the database is damaged; [`Error::Unavailable`], a file cannot be read or written.
pub fn fold_sqlite_log(file: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(file, flags).map_err(failure)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failure)
}

/// Reads a whole file that nobody changes, of which nothing is changed, and says what it holds.
///
/// Errors: [`Error::Url`], it is no database of Rollcall's, one of a later version, damaged, or not all of one.
pub fn inspect_sqlite(file: &Path) -> Result<SqliteCopy> {
    let refused = |why: &str| Error::Url(format!("{} {why}", file.display()));
    if companion(file, "-wal").metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Err(refused(
            "has a write-ahead log beside it: it is the file of a database in use, and not all of one. Make a backup with \
             `rollcall backup FILE`",
        ));
    }
    let bytes = file.metadata().map_err(|error| refused(&format!("cannot be read: {error}")))?.len();
    let connection = open_unchanging(file)?;
    // What is wrong is told by SQLite in words, or as an error where it cannot even look.
    let found: rusqlite::Result<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match found {
        Ok(found) if found == "ok" => {}
        Ok(found) => {
            return Err(refused(&format!(
                "is damaged, or not all of a database: {}",
                found.replace('\n', " ")
            )));
        }
        Err(error) => return Err(refused(&format!("is no SQLite database, or not all of one: {error}"))),
    }
    let migrations = numbers(&connection, "SELECT version FROM _sqlx_migrations ORDER BY version");
    let migrations = migrations.unwrap_or_default();
    let Some(migration) = migrations.last().copied() else {
        return Err(refused("is a SQLite database, and none of Rollcall's"));
    };
    let is_known = |number: &i64| MIGRATIONS.iter().any(|(known, ..)| known == number);
    if let Some(later) = migrations.iter().find(|number| !is_known(number)) {
        return Err(refused(&format!(
            "is of a later version of Rollcall, which made migration {later}: use that version"
        )));
    }
    Ok(SqliteCopy {
        bytes,
        migration,
        directories: value(&connection, "SELECT COUNT(*) FROM directories")?,
        users: value(&connection, "SELECT COALESCE(SUM(total), 0) FROM totals WHERE type = 'User'")?,
        groups: value(&connection, "SELECT COALESCE(SUM(total), 0) FROM totals WHERE type = 'Group'")?,
        last_change: value(&connection, "SELECT MAX(time) FROM events")?,
    })
}

/// A file that SQLite keeps beside another one.
pub(super) fn companion(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file that nobody else has, and makes none beside it.
pub(super) fn open_unchanging(file: &Path) -> Result<rusqlite::Connection> {
    let path = percent_encode(file.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    rusqlite::Connection::open_with_flags(format!("file:{path}?immutable=1"), flags).map_err(failure)
}

fn value<T: FromSql>(connection: &rusqlite::Connection, query: &str) -> Result<T> {
    connection.query_row(query, [], |row| row.get(0)).map_err(failure)
}

fn numbers(connection: &rusqlite::Connection, query: &str) -> rusqlite::Result<Vec<i64>> {
    connection.prepare(query)?.query_map([], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Options, Store, open};

    #[test]
    fn a_database_is_whole_without_the_log_that_was_folded() {
        let folder = tempfile::tempdir().unwrap();
        let (used, left) = (folder.path().join("used"), folder.path().join("left"));
        let connection = rusqlite::Connection::open(&used).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (17)")
            .unwrap();
        // As a process leaves them that is killed.
        for suffix in ["", "-wal"] {
            std::fs::copy(companion(&used, suffix), companion(&left, suffix)).unwrap();
        }
        fold_sqlite_log(&left).unwrap();
        let log = companion(&left, "-wal").metadata();
        assert!(log.is_err() || log.is_ok_and(|log| log.len() == 0));
        assert_eq!(value::<i64>(&open_unchanging(&left).unwrap(), "SELECT x FROM t").unwrap(), 17);
    }

    /// A folder with a migrated database.
    async fn migrated() -> (tempfile::TempDir, PathBuf, std::sync::Arc<dyn Store>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b%c?.db");
        let url = format!("sqlite:{}", percent_encode(file.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC));
        let store = open(&url, &Options::default()).await.unwrap();
        store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap();
        (folder, file, store)
    }

    fn refusal(file: &Path) -> String {
        inspect_sqlite(file).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_copy_is_made_while_somebody_writes_and_says_what_it_holds() {
        let (folder, file, store) = migrated().await;
        let copy = folder.path().join("copy of it.db");
        let transaction = store.begin().await.unwrap();
        copy_sqlite(&file, &copy).unwrap();
        drop(transaction);
        let found = inspect_sqlite(&copy).unwrap();
        assert_eq!((found.directories, found.users, found.last_change), (0, 0, None));
        assert_eq!(found.migration, MIGRATIONS.last().unwrap().0);
        assert_eq!(found.bytes, copy.metadata().unwrap().len());
        let beside = std::fs::read_dir(folder.path()).unwrap();
        let names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_str().unwrap().starts_with("copy of it.db-")), "{names:?}");
    }

    #[tokio::test]
    async fn what_is_no_whole_database_of_ours_is_refused_with_words() {
        let (folder, file, store) = migrated().await;
        assert!(refusal(&file).contains("write-ahead log"), "{}", refusal(&file));
        let copy = folder.path().join("copy.db");
        copy_sqlite(&file, &copy).unwrap();
        store.close().await;

        let bytes = std::fs::read(&copy).unwrap();
        let cut = folder.path().join("cut.db");
        for length in [0, 10, 5000, bytes.len() - 4096] {
            std::fs::write(&cut, &bytes[..length]).unwrap();
            let words = refusal(&cut);
            assert!(words.contains("cut.db"), "{length}: {words}");
        }
        let foreign = folder.path().join("foreign.db");
        let connection = rusqlite::Connection::open(&foreign).unwrap();
        connection.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        drop(connection);
        assert!(refusal(&foreign).contains("none of Rollcall's"));
        let connection = rusqlite::Connection::open(&copy).unwrap();
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (9999, 'later', TRUE, x'00', 0)";
        connection.execute_batch(later).unwrap();
        drop(connection);
        assert!(refusal(&copy).contains("later version"), "{}", refusal(&copy));
        assert!(refusal(&folder.path().join("none.db")).contains("cannot be read"));
    }
}
