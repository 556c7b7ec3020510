//! SQLite: a file, read by several connections and written by one.

mod connection;
mod dialect;
mod failure;
mod lent;
mod readers;
#[path = "../sql/mod.rs"]
mod sql;
mod values;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use uuid::Uuid;

use self::connection::Connection;
use self::readers::Readers;
use self::sql::Totals;
use self::values::Row;
use self::writer::{Turn, Writer};
use crate::{Error, Options, Result};

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
        let file = file_of(url)?;
        create(&file)?;
        // The writer comes first: it turns the write-ahead log on.
        let writer = Writer::open(&file, options.acquire_timeout).await?;
        let readers = Readers::new(&file, options);
        Ok(Self { readers, writer, written: watch::Sender::new(()) })
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

    /// The writer outside of a transaction, for the migrations, which begin their own.
    async fn migrator(&self) -> Result<Turn> {
        self.writer.turn().await
    }

    async fn transaction(&self, _: bool) -> Result<Tx> {
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

/// The file that a URL names: `sqlite:FILE` or `sqlite://FILE`, percent-encoded where it must be, and nothing behind it but the
/// `mode` that other programs want. Errors: [`Error::Url`].
fn file_of(url: &str) -> Result<PathBuf> {
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

/// A running transaction; dropped, it is undone.
struct Tx {
    turn: Turn,
    totals: Totals,
    has_events: bool,
    written: watch::Sender<()>,
}

impl Tx {
    fn connection(&mut self) -> Result<&mut Connection> {
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
        self.totals.write(self.turn.connection()?).await?;
        self.turn.commit().await?;
        if self.has_events {
            self.written.send_replace(());
        }
        Ok(())
    }
}
