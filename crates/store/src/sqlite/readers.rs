//! The connections that read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connection::{Connection, open};
use super::failure::closed;
use super::lent::{Idle, Lent};
use crate::{Disk, Error, Options, Result};

/// The connections, each opened when it is needed for the first time.
#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    idle: Arc<Idle>,
    /// How many may be read at once on threads of their own.
    turns: Arc<Semaphore>,
    most: u32,
    longest_wait: Duration,
    longest_read: Duration,
    disk: Disk,
}

impl Readers {
    pub(super) fn new(file: &Path, options: &Options) -> Self {
        let most = options.max_connections.max(1);
        Self {
            file: file.to_owned(),
            idle: Arc::new(Idle::new()),
            turns: Arc::new(Semaphore::new(most as usize)),
            most,
            longest_wait: options.acquire_timeout,
            longest_read: options.statement_timeout,
            disk: options.disk,
        }
    }

    /// A connection for what an index leads to at once: it is asked on the thread that wants to know, and nobody waits.
    pub(super) fn at_once(&self) -> Result<Connection> {
        Ok(Connection::Here(self.lend(None)?))
    }

    /// A connection for what may take longer, in the order of asking. Errors: [`Error::Unavailable`].
    pub(super) async fn turn(&self) -> Result<Connection> {
        let turn = match timeout(self.longest_wait, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(closed()),
            Err(_) => return Err(Error::Unavailable("every connection is in use".into())),
        };
        let lent = self.lend(Some(turn))?;
        Ok(match self.disk {
            Disk::Durable => Connection::Elsewhere(Some(lent), self.longest_read),
            Disk::Simulated => Connection::Here(lent),
        })
    }

    fn lend(&self, turn: Option<OwnedSemaphorePermit>) -> Result<Lent> {
        let connection = match self.idle.take()? {
            Some(connection) => connection,
            None => open(&self.file, None)?,
        };
        Ok(Lent::new(connection, Arc::clone(&self.idle), turn))
    }

    /// Waits for those who read, and lets nobody else.
    pub(super) async fn shut(&self) {
        // Nobody holds a turn for longer than a read may take.
        _ = self.turns.acquire_many(self.most).await;
        self.turns.close();
        self.idle.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::sql::Statement;
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn readers(connections: u32, longest_read: Duration) -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rollcall.db");
        std::fs::File::create(&file).unwrap();
        let options = Options {
            max_connections: connections,
            acquire_timeout: Duration::from_millis(50),
            statement_timeout: longest_read,
            ..Options::default()
        };
        let readers = Readers::new(&file, &options);
        (folder, readers)
    }

    fn idle(readers: &Readers) -> usize {
        readers.idle.lock().as_ref().map_or(0, Vec::len)
    }

    #[tokio::test]
    async fn who_asks_after_an_answer_gets_the_same_connection() {
        let (_folder, readers) = readers(2, Duration::from_secs(10));
        for _ in 0..3 {
            let mut reader = readers.turn().await.unwrap();
            assert_eq!(Statement::new("SELECT 1").the_value::<i64>(&mut reader).await.unwrap(), 1);
            drop(reader);
            let mut reader = readers.at_once().unwrap();
            assert_eq!(Statement::new("SELECT 2").the_value::<i64>(&mut reader).await.unwrap(), 2);
        }
        assert_eq!(idle(&readers), 1, "one connection does for one reader");
    }

    #[tokio::test]
    async fn a_read_that_was_given_up_ends_and_gives_its_connection_back() {
        let (_folder, readers) = readers(1, Duration::from_mins(10));
        let mut reader = readers.turn().await.unwrap();
        let asked = timeout(Duration::from_millis(5), Statement::new(ENDLESS).rows(&mut reader)).await;
        assert!(asked.is_err());
        drop(reader);
        readers.shut().await;
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_interrupted_and_the_connection_goes_on() {
        let (_folder, readers) = readers(1, Duration::from_millis(20));
        let mut reader = readers.turn().await.unwrap();
        let answer = Statement::new(ENDLESS).rows(&mut reader).await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
        assert_eq!(Statement::new("SELECT 1").the_value::<i64>(&mut reader).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_connection_or_comes_too_late_is_told_so() {
        let (_folder, readers) = readers(1, Duration::from_secs(10));
        let reader = readers.turn().await.unwrap();
        assert!(matches!(readers.turn().await.err(), Some(Error::Unavailable(_))));
        drop(reader);
        readers.shut().await;
        assert!(matches!(readers.turn().await.err(), Some(Error::Unavailable(_))));
        assert!(matches!(readers.at_once().err(), Some(Error::Unavailable(_))));
    }
}
