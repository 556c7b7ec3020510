//! SQLite: a file, read by several connections and written by one.

mod commits;
mod connection;
mod copies;
mod dialect;
mod examination;
mod failure;
mod lent;
mod place;
mod readers;
#[path = "../sql/mod.rs"]
mod sql;
mod values;
mod writer;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use uuid::Uuid;

use self::connection::Connection;
pub use self::copies::{SqliteCopy, copy_sqlite, fold_sqlite_log, inspect_sqlite};
pub(crate) use self::examination::examine;
use self::readers::Readers;
use self::sql::Totals;
use self::values::Row;
use self::writer::{Turn, Writer};
use crate::measures::Transactions;
use crate::{ConnectionLoad, Disk, Error, Event, Options, Result};

/// The bytes that every database begins with.
const HEADER: u64 = 100;

/// The file.
#[derive(Debug)]
pub(crate) struct Database {
    readers: Readers,
    writer: Arc<Writer>,
    /// Rung after transactions that wrote events.
    written: watch::Sender<()>,
    transactions: Arc<Transactions>,
}

impl Database {
    /// Opens the file, and makes it where it is missing, readable by its owner alone.
    /// Errors: [`Error::Url`], [`Error::Unavailable`].
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let file = file_of(url)?;
        create(&file)?;
        require_ours(&file, connection::tables(&file))?;
        // The writer comes first: it turns the write-ahead log on.
        let writer = Writer::open(&file, options).await?;
        let readers = Readers::new(&file, options);
        Ok(Self { readers, writer, written: watch::Sender::new(()), transactions: Arc::default() })
    }

    /// A connection for what may take some time.
    async fn reader(&self) -> Result<Connection> {
        self.readers.turn().await
    }

    /// A connection for what an index leads to at once.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn quick_reader(&self) -> Result<Connection> {
        self.readers.at_once()
    }

    /// A connection whose every answer is of the moment of the first one.
    async fn frozen_reader(&self) -> Result<Connection> {
        let mut reader = self.readers.turn().await?;
        reader.run_all("BEGIN").await?;
        Ok(reader)
    }

    async fn settle_refusals(&self) -> Result<()> {
        self.writer.settled().await
    }

    /// The writer outside of a transaction, for the migrations, which begin their own.
    async fn migrator(&self) -> Result<Turn> {
        self.writer.turn().await
    }

    async fn transaction(&self, _: bool) -> Result<Tx> {
        let mut turn = self.writer.turn().await?;
        turn.begin().await?;
        Ok(Tx {
            turn,
            totals: Totals::default(),
            has_events: false,
            written: self.written.clone(),
            transactions: Arc::clone(&self.transactions),
        })
    }

    /// The writer has numbered the events of a directory as they were written.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn number(&self, _: Uuid) -> Result<bool> {
        Ok(false)
    }

    /// The directories that have events without a number: none.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn with_unnumbered(&self) -> Result<Vec<Uuid>> {
        Ok(Vec::new())
    }

    fn connection_load(&self) -> ConnectionLoad {
        self.writer.load()
    }

    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn unnumbered_events(_: &mut Connection) -> Result<i64> {
        Ok(0)
    }

    async fn shut(&self) {
        self.readers.shut().await;
        self.writer.shut().await;
    }
}

/// The file that a URL names: `sqlite:FILE` or `sqlite://FILE`, percent-encoded where it must be, and nothing behind it but the
/// `mode` that other programs want. Errors: [`Error::Url`].
pub(crate) fn file_of(url: &str) -> Result<PathBuf> {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter {
            "mode=rwc" | "mode=rw" => {}
            "mode=memory" => return Err(not_a_file()),
            _ => {
                return Err(Error::Url(format!(
                    "the database URL has the parameter {parameter:?}, which a SQLite file of Rollcall does not have"
                )));
            }
        }
    }
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|error| Error::Url(format!("the database URL cannot be read: {error}")))?;
    if path.is_empty() || path.contains(":memory:") {
        return Err(not_a_file());
    }
    Ok(PathBuf::from(&*path))
}

fn not_a_file() -> Error {
    Error::Url("the database URL must name a file, such as sqlite:rollcall.db".to_owned())
}

/// Makes the file where it is missing. It comes to its place whole, so that one that is empty has lost what was in it: that is
/// refused. SQLite gives its companions (`-wal`, `-shm`) the same permissions. Errors: [`Error::Url`].
fn create(file: &Path) -> Result<()> {
    let shown = file.display();
    let failed = |error: &dyn std::fmt::Display| {
        Error::Url(format!("the database file {shown} cannot be opened for writing: {error}"))
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    match options.open(file) {
        Ok(there) if there.metadata().is_ok_and(|metadata| metadata.len() < HEADER) => {
            return Err(Error::Url(format!(
                "the database file {shown} is empty, or all but: put a backup in its place, or delete it to begin a new installation"
            )));
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&error)),
    }
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(name);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.create(true).truncate(true).open(&new).map_err(|error| failed(&error))?;
    let made = connection::open(&new, Some(Disk::Durable)).and_then(|connection| {
        connection.close().map_err(|(_, error)| failure::failure(error))?;
        match std::fs::hard_link(&new, file) {
            // Another process was quicker.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            // Not every file system has hard links; a rename would take the place of what another process has made.
            Err(_) if file.exists() => Ok(()),
            Err(_) => std::fs::rename(&new, file).map_err(|error| failed(&error)),
            Ok(()) => Ok(()),
        }
    });
    _ = std::fs::remove_file(&new);
    made
}

/// Refuses a file that is no database, or holds the tables of somebody else and none of ours, before anything in it changes.
/// What cannot be looked at now, for another process has it, is not judged. Errors: [`Error::Url`].
fn require_ours(file: &Path, tables: Result<Vec<String>>) -> Result<()> {
    let shown = file.display();
    let tables = match tables {
        Ok(tables) => tables,
        Err(Error::Driver(cause)) if failure::is_no_database(&*cause) => {
            return Err(Error::Url(format!(
                "the database file {shown} is no SQLite database, or a damaged one: name another file, or put a backup in its place"
            )));
        }
        Err(_) => return Ok(()),
    };
    // The leases are made before the first migration.
    let is_ours = |table: &String| matches!(table.as_str(), "_sqlx_migrations" | "leases");
    match tables.first() {
        Some(foreign) if !tables.iter().any(is_ours) => Err(Error::Url(format!(
            "the database file {shown} is not one of Rollcall's: it has the table {foreign:?}; name another file"
        ))),
        _ => Ok(()),
    }
}

/// A running transaction; dropped, it is undone.
struct Tx {
    turn: Turn,
    totals: Totals,
    has_events: bool,
    written: watch::Sender<()>,
    transactions: Arc<Transactions>,
}

impl Tx {
    fn connection(&mut self) -> Result<&mut Connection> {
        self.turn.connection()
    }

    fn totals(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// This transaction has written an event.
    fn note_event(&mut self, _: &Event) {
        self.has_events = true;
    }

    async fn commit(mut self) -> Result<()> {
        self.totals.write(self.turn.connection()?).await?;
        self.turn.commit().await?;
        if self.has_events {
            self.written.send_replace(());
        }
        Ok(())
    }
}
