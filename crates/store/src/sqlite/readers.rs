//! The connections that read.
//!
//! A pool of sqlx asks each connection that comes back whether it is still there, in a task of its own. A file does not go
//! away, and that is a second turn between threads for each read. But whoever gives up a long read leaves it
//! running: only a connection that is known to have answered is given to the next one as it is.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::failure::failure;
use crate::{Error, Options, Result};

/// The connections, each opened when it is needed for the first time.
pub(super) struct Readers {
    connect: SqliteConnectOptions,
    places: Vec<Place>,
    /// One for each place.
    turns: Semaphore,
    longest_wait: Duration,
}

/// Where a connection is, once it is open.
#[derive(Default)]
struct Place {
    connection: Mutex<Option<SqliteConnection>>,
    /// Whether the last read may still run.
    is_unsettled: AtomicBool,
}

impl Readers {
    pub(super) fn new(connect: SqliteConnectOptions, options: &Options) -> Self {
        let places: Vec<_> = (0..options.max_connections.max(1)).map(|_| Place::default()).collect();
        let turns = Semaphore::new(places.len());
        Self { connect, places, turns, longest_wait: options.acquire_timeout }
    }

    /// Waits until a connection is free, in the order of asking. Errors: [`Error::Unavailable`].
    pub(super) async fn turn(&self) -> Result<Reader<'_>> {
        let turn = match timeout(self.longest_wait, self.turns.acquire()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(Error::Unavailable(sqlx::Error::PoolClosed)),
            Err(_) => return Err(Error::Unavailable(sqlx::Error::PoolTimedOut)),
        };
        // Somebody may come and go between the two looks; there is a place for each turn.
        let (place, mut connection) = loop {
            match self.free(false).or_else(|| self.free(true)) {
                Some(found) => break found,
                None => tokio::task::yield_now().await,
            }
        };
        let was_unsettled = place.is_unsettled.swap(true, Ordering::Relaxed);
        if let Some(connection) = connection.as_mut() {
            if was_unsettled {
                connection.ping().await.map_err(failure)?;
            }
        } else {
            *connection = Some(self.connect.connect().await.map_err(failure)?);
        }
        match MutexGuard::try_map(connection, Option::as_mut) {
            Ok(connection) => Ok(Reader { connection, is_unsettled: &place.is_unsettled, _turn: turn }),
            Err(_) => Err(Error::Unavailable(sqlx::Error::PoolClosed)),
        }
    }

    /// A place that nobody uses, settled or not.
    fn free<'a>(
        &'a self,
        is_unsettled: bool,
    ) -> Option<(&'a Place, MutexGuard<'a, Option<SqliteConnection>>)> {
        let wanted = |place: &&Place| place.is_unsettled.load(Ordering::Relaxed) == is_unsettled;
        let free = |place: &'a Place| Some((place, place.connection.try_lock().ok()?));
        self.places.iter().filter(wanted).find_map(free)
    }

    /// Waits for those who read, and lets nobody else.
    pub(super) async fn shut(&self) {
        self.turns.close();
        for place in &self.places {
            if let Some(connection) = place.connection.lock().await.take() {
                // It has nothing that could be lost.
                _ = connection.close().await;
            }
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("turns", &self.turns).finish_non_exhaustive()
    }
}

/// A connection for one read.
pub(super) struct Reader<'a> {
    // Free before its turn is somebody else's.
    connection: MappedMutexGuard<'a, SqliteConnection>,
    is_unsettled: &'a AtomicBool,
    _turn: SemaphorePermit<'a>,
}

impl Reader<'_> {
    /// Gives the connection back after an answer, whatever it was: nothing runs on it any more.
    pub(super) fn settle(self) {
        self.is_unsettled.store(false, Ordering::Relaxed);
    }
}

impl Deref for Reader<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use sqlx::sqlite::SqliteRow;

    use super::*;

    fn readers(connections: u32) -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("rollcall.db").display());
        let connect = SqliteConnectOptions::from_str(&url).unwrap();
        let options = Options { max_connections: connections, acquire_timeout: Duration::from_millis(50) };
        (folder, Readers::new(connect, &options))
    }

    async fn ask(reader: &mut Reader<'_>, statement: &'static str) -> Vec<SqliteRow> {
        sqlx::query(statement).fetch_all(&mut **reader).await.unwrap()
    }

    fn unsettled(readers: &Readers) -> Vec<bool> {
        readers.places.iter().map(|place| place.is_unsettled.load(Ordering::Relaxed)).collect()
    }

    #[tokio::test]
    async fn who_asks_after_an_answer_gets_the_same_connection() {
        let (_folder, readers) = readers(2);
        for _ in 0..3 {
            let mut reader = readers.turn().await.unwrap();
            assert_eq!(ask(&mut reader, "SELECT 1").await.len(), 1);
            reader.settle();
        }
        assert!(readers.places[1].connection.lock().await.is_none(), "one connection does for one reader");
    }

    #[tokio::test]
    async fn a_read_that_was_given_up_holds_up_nobody_while_there_are_other_connections() {
        let (_folder, readers) = readers(2);
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n";
        let mut reader = readers.turn().await.unwrap();
        assert!(timeout(Duration::from_millis(1), ask(&mut reader, endless)).await.is_err());
        drop(reader);
        assert_eq!(unsettled(&readers), [true, false]);
        let mut reader = readers.turn().await.unwrap();
        assert_eq!(ask(&mut reader, "SELECT 1").await.len(), 1);
        // Whoever gets the other one waits until it has ended, and then is answered.
        let mut late = readers.turn().await.unwrap();
        assert_eq!(ask(&mut late, "SELECT 2").await.len(), 1);
        late.settle();
        reader.settle();
        assert_eq!(unsettled(&readers), [false, false]);
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_connection_or_comes_too_late_is_told_so() {
        let (_folder, readers) = readers(1);
        let reader = readers.turn().await.unwrap();
        assert!(matches!(readers.turn().await, Err(Error::Unavailable(sqlx::Error::PoolTimedOut))));
        reader.settle();
        readers.shut().await;
        assert!(matches!(readers.turn().await, Err(Error::Unavailable(sqlx::Error::PoolClosed))));
    }
}
