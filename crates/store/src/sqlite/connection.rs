//! A connection to the file, and the thread that it is asked on.
//!
//! SQLite is a library: what is quick is asked on the thread that wants to know, so that nothing is awaited between a
//! statement and its answer. What may take longer is asked on a thread of its own, until its deadline, or until nobody
//! wants to know any more.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;

use super::dialect::SYSTEM;
use super::failure::{closed, failure, held, is_busy, too_long};
use super::lent::Lent;
use super::sql::{Statement, Writes};
use super::values::{Found, Row};
use crate::{Disk, Error, Result, statements};

/// How long a statement waits for another process that writes to the same file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before asking again for what another process holds.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// How many statements a connection keeps prepared.
const PREPARED: usize = 256;
/// After how many of SQLite's operations it is asked whether to go on.
const OPERATIONS: i32 = 2000;

/// Opens the file, which is there. With a disk to write to, the write-ahead log is turned on; else the connection only reads.
pub(super) fn open(file: &Path, writes: Option<Disk>) -> Result<rusqlite::Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(file, flags).map_err(failure)?;
    // Whoever waits does so here, where nobody's thread is held.
    connection.busy_timeout(Duration::ZERO).map_err(failure)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    let settings = match writes {
        // What a savepoint needs to undo its part stays in memory: it would be written to a file that nobody reads.
        Some(Disk::Durable) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY"
        }
        Some(Disk::Simulated) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY"
        }
        None => "PRAGMA query_only = ON",
    };
    connection.execute_batch(settings).map_err(failure)?;
    Ok(connection)
}

/// The names of the tables in a file, of which nothing is changed.
pub(super) fn tables(file: &Path) -> Result<Vec<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(file, flags).map_err(failure)?;
    tables_of(&connection)
}

/// The same, by a connection that there is.
pub(super) fn tables_of(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .map_err(failure)?;
    let tables = statement.query_map([], |row| row.get(0)).map_err(failure)?;
    tables.collect::<rusqlite::Result<_>>().map_err(failure)
}

/// A connection.
pub(super) enum Connection {
    /// It is asked on the thread that wants to know.
    Here(Lent),
    /// It is asked on a thread of its own, for so long at most; `None` while a statement runs.
    Elsewhere(Option<Lent>, Duration),
    /// The one that writes.
    Writer(rusqlite::Connection),
}

impl Connection {
    /// Runs a statement, and says how many rows it wrote.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64> {
        let span = statements::span(SYSTEM, &statement.text);
        statements::within(span, self.ask(move |connection| run(connection, &statement))).await
    }

    /// Runs a statement at once: there is nobody whom it would take time to ask.
    pub(super) async fn later(&mut self, statement: Statement, writes: Writes) -> Result<()> {
        let written = self.run(statement).await;
        match writes {
            Writes::Adds(_) | Writes::Removes(_) | Writes::Changes(_) => written.map(drop),
            Writes::Event => match written {
                Ok(0) => Err(Error::Conflict("the directory is being imported".into())),
                written => written.map(drop),
            },
            Writes::Resource(resource_type) => written.map(drop).map_err(|error| error.of(resource_type)),
            Writes::Rewrites(resource_type) => match written {
                Ok(0) => Err(Error::Conflict("a row has changed since it was read".into())),
                written => written.map(drop).map_err(|error| error.of(resource_type)),
            },
        }
    }

    /// Whether what is to be written may be read without holding it. There is one writer, so that it is held anyway.
    #[expect(clippy::unused_self, reason = "it is asked as the other database is")]
    pub(super) fn reads_ahead(&self) -> bool {
        true
    }

    /// The rows that a statement answers.
    pub(super) async fn rows_ahead(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.rows(statement).await
    }

    /// Begins a transaction, outside of those of the writer.
    pub(super) async fn begin(&mut self) -> Result<()> {
        self.run_all("BEGIN IMMEDIATE").await
    }

    /// Makes durable what was done in it.
    pub(super) async fn save(&mut self) -> Result<()> {
        self.run_all("COMMIT").await
    }

    /// Undoes what was done in it.
    pub(super) async fn undo(&mut self) -> Result<()> {
        self.run_all("ROLLBACK").await
    }

    /// Begins a part of the transaction.
    pub(super) async fn begin_part(&mut self, statement: Statement) -> Result<()> {
        self.run(statement).await.map(drop)
    }

    /// Ends it.
    pub(super) async fn end_part(&mut self, statement: Statement) -> Result<()> {
        self.run(statement).await.map(drop)
    }

    /// The rows that a statement answers.
    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        let span = statements::span(SYSTEM, &statement.text);
        match self {
            Self::Elsewhere(lent, longest) => {
                let answer = Box::pin(rows_elsewhere(lent, *longest, statement));
                statements::within(span, answer).await
            }
            Self::Here(_) | Self::Writer(_) => {
                statements::within(span, self.ask(move |connection| rows(connection, &statement))).await
            }
        }
    }

    /// Runs several statements that have no places.
    pub(super) async fn run_all(&mut self, statements: &'static str) -> Result<()> {
        self.ask(move |connection| connection.execute_batch(statements).map_err(failure)).await
    }

    /// Asks on this thread, until another process lets it, and gives up after [`BUSY_TIMEOUT`]. Nothing has happened when
    /// SQLite is busy, so that whoever asks may stop waiting at any moment.
    async fn ask<T>(&mut self, ask: impl Fn(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        let mut asked = ask(self.here()?);
        if is_busy(&asked) {
            let deadline = Instant::now() + BUSY_TIMEOUT;
            while is_busy(&asked) && Instant::now() < deadline {
                tokio::time::sleep(BUSY_PAUSE).await;
                asked = ask(self.here()?);
            }
        }
        if is_busy(&asked) { Err(held()) } else { asked }
    }

    /// Nothing is put off here.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    pub(super) async fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    /// What is written here takes as long as it takes.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    pub(super) async fn take_long(&mut self) -> Result<()> {
        Ok(())
    }

    /// The connection, to be asked on this thread.
    pub(super) fn here(&self) -> Result<&rusqlite::Connection> {
        match self {
            Self::Writer(connection) => Ok(connection),
            Self::Here(lent) => lent.connection(),
            Self::Elsewhere(lent, _) => lent.as_ref().ok_or_else(closed)?.connection(),
        }
    }
}

/// Asks on a thread of its own. Whoever stops waiting interrupts the statement, and the connection is given back by that
/// thread.
async fn rows_elsewhere(
    place: &mut Option<Lent>,
    longest: Duration,
    statement: Statement,
) -> Result<Vec<Row>> {
    let lent = place.take().ok_or_else(closed)?;
    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    let is_wanted = Arc::clone(&wanted.0);
    let asking = tokio::task::spawn_blocking(move || {
        let answer = rows_until(&lent, Instant::now() + longest, is_wanted, &statement);
        (lent, answer)
    });
    let (lent, answer) = asking.await.map_err(|gone| Error::Unavailable(Box::new(gone)))?;
    *place = Some(lent);
    answer
}

/// Whether somebody still waits for an answer: until this is dropped.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn rows_until(
    lent: &Lent,
    deadline: Instant,
    is_wanted: Arc<AtomicBool>,
    statement: &Statement,
) -> Result<Vec<Row>> {
    let connection = lent.connection()?;
    let stops = move || !is_wanted.load(Ordering::Relaxed) || Instant::now() >= deadline;
    connection.progress_handler(OPERATIONS, Some(stops)).map_err(failure)?;
    let mut answer = rows(connection, statement);
    while is_busy(&answer) && Instant::now() < deadline {
        std::thread::sleep(BUSY_PAUSE);
        answer = rows(connection, statement);
    }
    connection.progress_handler(0, None::<fn() -> bool>).map_err(failure)?;
    if answer.is_err() && Instant::now() >= deadline { Err(too_long()) } else { answer }
}

fn run(connection: &rusqlite::Connection, statement: &Statement) -> Result<u64> {
    let mut prepared = prepared(connection, statement)?;
    prepared.raw_execute().map(|rows| rows as u64).map_err(failure)
}

fn rows(connection: &rusqlite::Connection, statement: &Statement) -> Result<Vec<Row>> {
    let mut prepared = prepared(connection, statement)?;
    let columns = prepared.column_count();
    let mut found = prepared.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(failure)? {
        let cells = (0..columns).map(|column| row.get_ref(column).map(Found::from));
        rows.push(Row(cells.collect::<Result<_, _>>().map_err(failure)?));
    }
    Ok(rows)
}

/// The statement, with its values at their places. In SQLite `$1` is a name, and says nothing of the order; a place without a
/// name is the next one.
fn prepared<'c>(
    connection: &'c rusqlite::Connection,
    statement: &Statement,
) -> Result<rusqlite::CachedStatement<'c>> {
    let mut prepared = connection.prepare_cached(&statement.text).map_err(failure)?;
    let are_named = prepared.parameter_name(1).is_some();
    for place in 1..=prepared.parameter_count() {
        let name = if are_named { prepared.parameter_name(place) } else { None };
        let number = name.map_or(Some(place), |name| name.get(1..)?.parse().ok());
        let value = number.and_then(|number| statement.values.get(number.checked_sub(1)?));
        let value =
            value.ok_or_else(|| Error::Damaged(format!("no value for a place of: {}", statement.text)))?;
        prepared.raw_bind_parameter(place, value).map_err(failure)?;
    }
    Ok(prepared)
}
