//! The one connection that writes, and the group commit of its transactions.
//!
//! A commit waits for the disk, a transaction does not. So transactions that queue for their turn are made durable
//! together: the first one begins, each further one is a savepoint, and whoever finishes with nobody behind commits for
//! all. Nobody hears that a change happened before it is on the disk, and a transaction that fails undoes its own
//! savepoint and nothing else.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};
use tokio::task::AbortHandle;

use super::BUSY_TIMEOUT;
use crate::failure::failure;
use crate::{Error, Result};

/// How many transactions one commit makes durable at most.
const LARGEST_BATCH: usize = 64;
/// How long to wait before opening a file again that others are opening.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// The connection that writes.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    /// How many transactions wait for their turn.
    waiting: AtomicUsize,
    /// Rung when a batch was left for somebody else to commit.
    left_behind: Arc<Notify>,
    committer: AbortHandle,
}

struct State {
    connection: SqliteConnection,
    /// Whether the store has been closed.
    closed: bool,
    /// Who waits for the commit of the open batch.
    members: Vec<oneshot::Sender<Result<(), String>>>,
    /// The transaction whose turn it is, until it is finished.
    running: Option<Running>,
}

/// How the running transaction was begun, and so how it is undone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    /// It opened the batch.
    First,
    /// It is a savepoint in a batch.
    Savepoint,
}

impl Writer {
    pub(super) async fn open(options: &SqliteConnectOptions) -> Result<Arc<Self>> {
        let connection = connect(options).await?;
        let state =
            Arc::new(Mutex::new(State { connection, closed: false, members: Vec::new(), running: None }));
        let left_behind = Arc::new(Notify::new());
        let committer = tokio::spawn(commit_what_was_left(Arc::clone(&state), Arc::clone(&left_behind)));
        Ok(Arc::new(Self {
            state,
            waiting: AtomicUsize::new(0),
            left_behind,
            committer: committer.abort_handle(),
        }))
    }

    /// Waits until the connection is free, in the order of asking.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn> {
        let waiting = Waiting::new(&self.waiting);
        let mut state = Arc::clone(&self.state).lock_owned().await;
        drop(waiting);
        if state.closed {
            return Err(Error::Unavailable(sqlx::Error::PoolClosed));
        }
        state.undo_unfinished().await;
        Ok(Turn { state, writer: Arc::clone(self) })
    }

    /// Waits for the running transaction, and lets nobody begin another one. The connection closes with the last user
    /// of the store.
    pub(super) async fn shut(&self) {
        let mut state = self.state.lock().await;
        state.commit_what_is_left().await;
        state.closed = true;
        // So that the file alone holds everything. Where another process still reads it, the log stays.
        _ = state.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
}

/// Connects, and turns the write-ahead log on. For that SQLite needs the file to itself for a moment, and does not wait for
/// others that open it at the same time, whatever the busy timeout is.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match options.connect().await.map_err(failure) {
            Err(Error::Conflict(_)) if Instant::now() < deadline => tokio::time::sleep(BUSY_PAUSE).await,
            connected => return connected,
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.committer.abort();
    }
}

/// Counts one who waits, also when they stop waiting.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Commits the batches that nobody behind was left to commit: the one who was waiting gave up, or failed. It queues like
/// everybody else, and so comes after those who would add to the batch.
async fn commit_what_was_left(state: Arc<Mutex<State>>, left_behind: Arc<Notify>) {
    loop {
        left_behind.notified().await;
        state.lock().await.commit_what_is_left().await;
    }
}

impl State {
    async fn execute(&mut self, statement: &'static str) -> Result<()> {
        sqlx::query(statement).execute(&mut self.connection).await.map_err(failure)?;
        Ok(())
    }

    /// Undoes the transaction that was dropped before it was finished.
    async fn undo_unfinished(&mut self) {
        match self.running.take() {
            None => {}
            Some(Running::First) => self.roll_back("the transaction was given up").await,
            Some(Running::Savepoint) => {
                let undone = async {
                    self.execute("ROLLBACK TO member").await?;
                    self.execute("RELEASE member").await
                };
                if let Err(error) = undone.await {
                    // After some errors SQLite has rolled the whole batch back by itself.
                    self.roll_back(&error.to_string()).await;
                }
            }
        }
    }

    /// Ends the batch with nothing done.
    async fn roll_back(&mut self, why: &str) {
        for member in self.members.drain(..) {
            _ = member.send(Err(why.to_owned()));
        }
        // Fails where SQLite has rolled back by itself, which is what is wanted.
        _ = self.execute("ROLLBACK").await;
    }

    /// Makes the batch durable, and tells its members.
    async fn commit_batch(&mut self) -> Result<()> {
        match self.execute("COMMIT").await {
            Ok(()) => {
                for member in self.members.drain(..) {
                    _ = member.send(Ok(()));
                }
                Ok(())
            }
            Err(error) => {
                self.roll_back(&error.to_string()).await;
                Err(error)
            }
        }
    }

    async fn commit_what_is_left(&mut self) {
        self.undo_unfinished().await;
        if !self.members.is_empty() {
            // The members hear how it went; there is nobody else to tell.
            _ = self.commit_batch().await;
        }
    }
}

/// The right to use the connection. Dropped within a transaction, it leaves that to be undone by whoever is next.
pub(super) struct Turn {
    state: OwnedMutexGuard<State>,
    writer: Arc<Writer>,
}

impl Turn {
    /// Begins a transaction, in the open batch where there is one.
    pub(super) async fn begin(&mut self) -> Result<()> {
        let (statement, running) = if self.state.members.is_empty() {
            ("BEGIN IMMEDIATE", Running::First)
        } else {
            ("SAVEPOINT member", Running::Savepoint)
        };
        self.state.execute(statement).await?;
        self.state.running = Some(running);
        Ok(())
    }

    /// The connection, in the transaction that [`begin`](Self::begin) began.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.state.connection
    }

    /// Finishes the transaction, and waits until it is durable.
    pub(super) async fn commit(mut self) -> Result<()> {
        let others_wait = self.writer.waiting.load(Ordering::SeqCst) > 0;
        if self.state.running == Some(Running::Savepoint) {
            self.state.execute("RELEASE member").await?;
        }
        if !others_wait || self.state.members.len() + 1 >= LARGEST_BATCH {
            self.state.running = None;
            return self.state.commit_batch().await;
        }
        let (member, committed) = oneshot::channel();
        self.state.members.push(member);
        self.state.running = None;
        self.writer.left_behind.notify_one();
        drop(self);
        match committed.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Error::Unavailable(sqlx::Error::Protocol(why))),
            Err(_) => Err(Error::Unavailable(sqlx::Error::PoolClosed)),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.state.running.is_some() && !self.state.members.is_empty() {
            self.writer.left_behind.notify_one();
        }
    }
}

/// The connection outside of a transaction, for the migrations, which begin their own.
pub(super) struct MigrationTurn(pub(super) Turn);

impl Deref for MigrationTurn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0.state.connection
    }
}

impl DerefMut for MigrationTurn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0.state.connection
    }
}
