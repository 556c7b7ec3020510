//! SQLite: a file, read by several connections and written by one.

mod dialect;
mod readers;
#[path = "../sql/mod.rs"]
mod sql;
mod writer;

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::watch;
use uuid::Uuid;

use self::dialect::Connection;
use self::readers::{Reader, Readers};
use self::sql::Totals;
use self::writer::{MigrationTurn, Turn, Writer};
use crate::{Error, Options, Result};

/// How long a statement waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The file.
#[derive(Debug)]
pub(crate) struct Database {
    readers: Readers,
    writer: Arc<Writer>,
    /// Rung after transactions that wrote events.
    written: watch::Sender<()>,
}

impl Database {
    /// Opens the file, and makes it where it is missing, readable by its owner alone.
    /// Errors: [`Error::Url`], [`Error::Unavailable`].
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(|error| Error::Url(format!("the database URL cannot be read: {error}")))?;
        let file = connect.get_filename().to_owned();
        if url.contains(":memory:") || url.contains("mode=memory") || file.as_os_str().is_empty() {
            return Err(Error::Url(
                "the database URL must name a file, such as sqlite:rollcall.db".to_owned(),
            ));
        }
        create(&file)?;
        let connect = connect
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        // The writer comes first: it turns the write-ahead log on.
        let writer = Writer::open(&connect).await?;
        let connect = connect.pragma("query_only", "on").optimize_on_close(false, None);
        let readers = Readers::new(connect, options);
        Ok(Self { readers, writer, written: watch::Sender::new(()) })
    }

    async fn reader(&self) -> Result<Reader<'_>> {
        self.readers.turn().await
    }

    /// Gives a connection back after an answer.
    fn settle(reader: Reader<'_>) {
        reader.settle();
    }

    async fn migrator(&self) -> Result<MigrationTurn> {
        Ok(MigrationTurn(self.writer.turn().await?))
    }

    async fn transaction(&self) -> Result<Tx> {
        let mut turn = self.writer.turn().await?;
        turn.begin().await?;
        Ok(Tx { turn, totals: Totals::default(), has_events: false, written: self.written.clone() })
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

    async fn shut(&self) {
        self.readers.shut().await;
        self.writer.shut().await;
    }
}

/// Makes the file where it is missing. SQLite gives its companions (`-wal`, `-shm`) the same permissions.
fn create(file: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(|error| {
        Error::Url(format!("the database file {} cannot be opened for writing: {error}", file.display()))
    })
}

/// A running transaction; dropped, it is rolled back before the next one begins.
struct Tx {
    turn: Turn,
    totals: Totals,
    has_events: bool,
    written: watch::Sender<()>,
}

impl Tx {
    fn connection(&mut self) -> &mut Connection {
        self.turn.connection()
    }

    fn totals(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// This transaction has written an event.
    fn note_event(&mut self) {
        self.has_events = true;
    }

    async fn commit(mut self) -> Result<()> {
        self.totals.write(self.turn.connection()).await?;
        self.turn.commit().await?;
        if self.has_events {
            self.written.send_replace(());
        }
        Ok(())
    }
}
