//! The one connection that writes, and the group commit of its transactions.
//!
//! A commit waits for the disk, a transaction does not. So transactions that queue for their turn are made durable
//! together: the first one begins, each further one is a savepoint, and when nobody is behind, a thread of its own commits
//! for all. Nobody hears that a change happened before it is on the disk, and a transaction that fails undoes its own
//! savepoint and nothing else.
//!
//! A statement is asked and answered without a moment in between in which whoever asks could go away. So the connection
//! is in no state that is not known here: docs/decisions/0050.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::commits::Commits;
use super::connection::{BUSY_TIMEOUT, Connection, open};
use super::dialect::SYSTEM;
use super::failure::{closed, failure, is_busy};
use super::place::Place;
use super::sql::Statement;
use crate::{ConnectionLoad, Disk, Error, Options, Result, statements};

/// How many transactions one commit makes durable at most.
const LARGEST_BATCH: usize = 64;
/// How long to wait before opening a file again that others are opening.
const OPENING_PAUSE: Duration = Duration::from_millis(10);

/// The connection that writes.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    /// How many transactions wait for their turn.
    waiting: AtomicUsize,
    longest_wait: Duration,
    batches: Arc<Batches>,
    commits: Commits,
    /// Rung when a batch was left for somebody else to commit.
    left_behind: Arc<Notify>,
    looking: AbortHandle,
}

/// How far the batches are, each of which has a number.
#[derive(Debug, Default)]
struct Batches {
    /// The last that was begun.
    begun: AtomicU64,
    /// The last that has ended, whichever way.
    ended: AtomicU64,
    /// The last in which a transaction was undone that could see what others had finished in it.
    seen: AtomicU64,
    /// How many have been committed, and the transactions in them.
    committed: (AtomicU64, AtomicU64),
}

pub(super) struct State {
    connection: Connection,
    place: Place,
    batches: Arc<Batches>,
    /// Whether the store has been closed.
    closed: bool,
    /// Who waits for the commit of the open batch.
    members: Vec<oneshot::Sender<Result<(), String>>>,
}

impl Writer {
    /// Opens the file, which is there.
    pub(super) async fn open(file: &Path, options: &Options) -> Result<Arc<Self>> {
        let connection = Connection::Writer(connect(file, options.disk).await?);
        let batches = Arc::<Batches>::default();
        let state = State {
            connection,
            place: Place::of(file)?,
            batches: Arc::clone(&batches),
            closed: false,
            members: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let left_behind = Arc::new(Notify::new());
        let commits = Commits::to(options.disk)?;
        let looking =
            tokio::spawn(look_behind(Arc::clone(&state), Arc::clone(&left_behind), commits.clone()));
        Ok(Arc::new(Self {
            state,
            waiting: AtomicUsize::new(0),
            longest_wait: options.acquire_timeout,
            batches,
            commits,
            left_behind,
            looking: looking.abort_handle(),
        }))
    }

    /// Waits until the connection is free, in the order of asking. Errors: [`Error::Unavailable`].
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn> {
        let waiting = Waiting::new(&self.waiting);
        let state = timeout(self.longest_wait, Arc::clone(&self.state).lock_owned()).await;
        drop(waiting);
        let state = state.map_err(|_| Error::Unavailable("others have been writing for too long".into()))?;
        if state.closed {
            return Err(closed());
        }
        Ok(Turn { state: Some(state), writer: Arc::clone(self), begun: None })
    }

    /// Waits until what transactions that were undone have seen of others is on the disk: whoever is refused for the sake of a
    /// change hears of it no sooner than whoever made it.
    ///
    /// Errors: [`Error::Unavailable`], the change was not made after all, or others have been writing for too long.
    pub(super) async fn settled(self: &Arc<Self>) -> Result<()> {
        if self.batches.ended.load(Ordering::SeqCst) >= self.batches.seen.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut turn = self.turn().await?;
        if turn.state()?.members.is_empty() { Ok(()) } else { turn.commit().await }
    }

    /// Who waits for it, and what it has committed.
    pub(super) fn load(&self) -> ConnectionLoad {
        let (commits, transactions) = &self.batches.committed;
        ConnectionLoad::Writer {
            waiting: self.waiting.load(Ordering::Relaxed) as u64,
            commits: (commits.load(Ordering::Relaxed), transactions.load(Ordering::Relaxed)),
        }
    }

    /// Waits for the running transaction, and lets nobody begin another one. The connection closes with the last user
    /// of the store.
    pub(super) async fn shut(&self) {
        let mut state = self.state.lock().await;
        state.commit_batch();
        state.closed = true;
        // So that the file alone holds everything. Where another process still reads it, the log stays.
        _ = Statement::new("PRAGMA wal_checkpoint(TRUNCATE)").rows(&mut state.connection).await;
    }
}

/// Connects, and turns the write-ahead log on. For that SQLite needs the file to itself for a moment.
async fn connect(file: &Path, disk: Disk) -> Result<rusqlite::Connection> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let opened = open(file, Some(disk));
        if !is_busy(&opened) || Instant::now() >= deadline {
            return opened;
        }
        tokio::time::sleep(OPENING_PAUSE).await;
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.looking.abort();
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

/// Has the batches committed that nobody behind was left to commit: the one who was waiting gave up, or failed. It queues
/// like everybody else, and so comes after those who would add to the batch.
async fn look_behind(state: Arc<Mutex<State>>, left_behind: Arc<Notify>, commits: Commits) {
    loop {
        left_behind.notified().await;
        let state = Arc::clone(&state).lock_owned().await;
        if !state.members.is_empty() && !commits.take(state) {
            return;
        }
    }
}

impl State {
    fn execute(&self, statement: &str) -> Result<()> {
        let mut prepared = self.connection.here()?.prepare_cached(statement).map_err(failure)?;
        prepared.raw_execute().map(drop).map_err(failure)
    }

    /// Ends the batch with nothing done.
    fn roll_back(&mut self, why: &str) {
        self.batches.ended.store(self.batches.begun.load(Ordering::SeqCst), Ordering::SeqCst);
        for member in self.members.drain(..) {
            _ = member.send(Err(why.to_owned()));
        }
        // Fails where SQLite has rolled back by itself, which is what is wanted.
        _ = self.execute("ROLLBACK");
    }

    /// Makes the batch durable, if there is one, and tells its members how it went.
    pub(super) fn commit_batch(&mut self) {
        if self.members.is_empty() {
            return;
        }
        if let Err(why) = self.place.require_unchanged() {
            return self.roll_back(&why);
        }
        match self.execute("COMMIT") {
            Ok(()) => {
                self.batches.committed.0.fetch_add(1, Ordering::Relaxed);
                self.batches.committed.1.fetch_add(self.members.len() as u64, Ordering::Relaxed);
                self.batches.ended.store(self.batches.begun.load(Ordering::SeqCst), Ordering::SeqCst);
                for member in self.members.drain(..) {
                    _ = member.send(Ok(()));
                }
            }
            Err(error) => self.roll_back(&error.to_string()),
        }
    }
}

/// How a transaction was begun, and so how it is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// It opened the batch.
    First,
    /// It is a savepoint in a batch.
    Savepoint,
}

/// The right to use the connection. Dropped within a transaction, it undoes that.
pub(super) struct Turn {
    /// `None` once it was handed on to be committed.
    state: Option<OwnedMutexGuard<State>>,
    writer: Arc<Writer>,
    begun: Option<Begun>,
}

impl Turn {
    /// Begins a transaction, in the open batch where there is one. Another process that writes is waited for.
    pub(super) async fn begin(&mut self) -> Result<()> {
        let state = self.state()?;
        if state.members.is_empty() {
            // What an earlier one could not undo is undone now.
            if !state.connection.here()?.is_autocommit() {
                state.execute("ROLLBACK")?;
            }
            Statement::new("BEGIN IMMEDIATE").run(&mut state.connection).await?;
            state.batches.begun.fetch_add(1, Ordering::SeqCst);
            self.begun = Some(Begun::First);
        } else {
            state.execute("SAVEPOINT member")?;
            self.begun = Some(Begun::Savepoint);
        }
        Ok(())
    }

    /// The connection.
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        Ok(&mut self.state()?.connection)
    }

    fn state(&mut self) -> Result<&mut State> {
        self.state.as_deref_mut().ok_or_else(closed)
    }

    /// Finishes the transaction, and waits until it is durable. From here on it ends by itself, whether somebody waits or
    /// not.
    pub(super) async fn commit(mut self) -> Result<()> {
        let committed = self.finish()?;
        drop(self);
        let committed = async {
            match committed.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(why)) => Err(Error::Unavailable(why.into())),
                Err(_) => Err(closed()),
            }
        };
        statements::within(statements::span(SYSTEM, "COMMIT"), committed).await
    }

    /// Makes the transaction a part of the batch, and has that committed unless somebody is behind who does.
    fn finish(&mut self) -> Result<oneshot::Receiver<Result<(), String>>> {
        let mut state = self.state.take().ok_or_else(closed)?;
        if self.begun.take() == Some(Begun::Savepoint)
            && let Err(error) = state.execute("RELEASE member")
        {
            state.roll_back(&error.to_string());
            return Err(Error::Unavailable(Box::new(error)));
        }
        let (member, committed) = oneshot::channel();
        state.members.push(member);
        let others_wait = self.writer.waiting.load(Ordering::SeqCst) > 0;
        if others_wait && state.members.len() < LARGEST_BATCH {
            drop(state);
            self.writer.left_behind.notify_one();
            return Ok(committed);
        }
        if self.writer.commits.take(state) { Ok(committed) } else { Err(closed()) }
    }

    /// Undoes the transaction, unless it was finished.
    fn undo(&mut self) {
        let (Some(state), Some(begun)) = (self.state.as_deref_mut(), self.begun.take()) else { return };
        let undone = match begun {
            Begun::First => {
                state.roll_back("the transaction was given up");
                Ok(())
            }
            Begun::Savepoint => {
                state.batches.seen.store(state.batches.begun.load(Ordering::SeqCst), Ordering::SeqCst);
                state.execute("ROLLBACK TO member").and_then(|()| state.execute("RELEASE member"))
            }
        };
        if let Err(error) = undone {
            // After some errors SQLite has rolled the whole batch back by itself.
            state.roll_back(&error.to_string());
        }
        if !state.members.is_empty() {
            self.writer.left_behind.notify_one();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.undo();
    }
}
