//! A connection to a server, which is waited for no longer than the store allows.

use std::borrow::Cow;
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{AssertSqlSafe, Either, Executor as _, SqlSafeStr as _, SqlStr};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::dialect::SYSTEM;
use super::failure::{failure, is_lost, is_told};
use super::pool::{Pool, Pooled};
use super::queue::Queue;
use super::sql::{Statement, Writes};
use super::values::{Row, arguments};
use crate::{Error, PoolMode, ResourceType, Result, statements};

/// How long something may take that is done seldom and to much.
const LONG: Duration = Duration::from_mins(5);

/// A connection, or the wish for one: it is taken from the pool when something is asked.
pub(super) struct Connection {
    pooled: Option<Pooled>,
    pool: Pool,
    /// How long an answer is waited for.
    longest: Duration,
    /// Whether the answer to everything that was asked has come.
    is_settled: bool,
    stage: Stage,
    /// Whether what is to be written may be read without holding it.
    is_hopeful: bool,
    /// What is written when the transaction is saved.
    queue: Queue,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is none: each statement stands for itself, and reads.
    Reading,
    /// Nothing has been asked yet.
    Planned,
    /// It has begun.
    Begun,
    /// It has begun, and the part of it that is running may fail by itself, so that nothing is put off.
    InPart,
}

impl Connection {
    /// A connection that reads.
    pub(super) async fn reader(pool: &Pool) -> Result<Self> {
        let mut connection = Self::planned(pool, Stage::Reading);
        connection.pooled = Some(pool.get().await?);
        Ok(connection)
    }

    /// A connection for a transaction, which begins when something is asked in it; `is_hopeful`, but for what is read ahead.
    pub(super) fn transaction(pool: &Pool, is_hopeful: bool) -> Self {
        let mut connection = Self::planned(pool, Stage::Planned);
        connection.is_hopeful = is_hopeful && pool.mode == PoolMode::Session;
        connection
    }

    fn planned(pool: &Pool, stage: Stage) -> Self {
        Self {
            pooled: None,
            pool: pool.clone(),
            longest: pool.longest_answer,
            is_settled: true,
            stage,
            is_hopeful: false,
            queue: Queue::default(),
        }
    }

    /// Runs a statement, and says how many rows it wrote.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64> {
        Ok(Box::pin(self.ask(Asked::One(statement))).await?.written)
    }

    /// The rows that a statement answers.
    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        Ok(Box::pin(self.ask(Asked::One(statement))).await?.rows)
    }

    /// Whether what is to be written may be read without holding it: nothing has been asked or written yet.
    pub(super) fn reads_ahead(&self) -> bool {
        self.is_hopeful && self.stage == Stage::Planned && self.queue.is_empty()
    }

    /// The rows that a statement answers before the transaction has begun.
    pub(super) async fn rows_ahead(&mut self, statement: Statement) -> Result<Vec<Row>> {
        Ok(Box::pin(self.ask_again(Asked::One(statement))).await?.rows)
    }

    /// Runs several statements that have no places.
    pub(super) async fn run_all(&mut self, statements: &'static str) -> Result<()> {
        Box::pin(self.ask(Asked::Several(statements.into()))).await.map(drop)
    }

    /// Begins a transaction on a connection that reads.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    pub(super) async fn begin(&mut self) -> Result<()> {
        self.stage = Stage::Planned;
        Ok(())
    }

    /// Makes durable what was done in it.
    pub(super) async fn save(&mut self) -> Result<()> {
        self.commit().await.map_err(|unsaved| unsaved.error)
    }

    /// Undoes what was done in it.
    pub(super) async fn undo(&mut self) -> Result<()> {
        let begun = self.stage == Stage::Begun;
        self.stage = Stage::Reading;
        if begun {
            self.ask_once(Asked::One(Statement::new("ROLLBACK"))).await?;
        }
        Ok(())
    }

    /// Puts a statement off until something is asked that could see what it writes, or the transaction is saved.
    pub(super) async fn later(&mut self, statement: Statement, writes: Writes) -> Result<()> {
        if self.stage == Stage::InPart {
            let mut alone = Queue::default();
            alone.push(statement, writes);
            return match alone.take() {
                Some(queued) => Box::pin(self.write(queued)).await,
                None => Ok(()),
            };
        }
        if !self.queue.has_room_for(writes) {
            Box::pin(self.flush()).await?;
        }
        self.queue.push(statement, writes);
        Ok(())
    }

    /// Runs what was put off.
    pub(super) async fn settle(&mut self) -> Result<()> {
        Box::pin(self.flush()).await
    }

    /// Lets what is done in this transaction take long.
    pub(super) async fn take_long(&mut self) -> Result<()> {
        self.longest = LONG + Duration::from_secs(2);
        let milliseconds = LONG.as_millis();
        let setting = Statement::new(format!("SET LOCAL statement_timeout = {milliseconds}"));
        self.run(setting).await.map(drop)
    }

    /// Begins a part of the transaction, in which every statement is answered before the next one.
    pub(super) async fn begin_part(&mut self, statement: Statement) -> Result<()> {
        self.run(statement).await?;
        self.stage = Stage::InPart;
        Ok(())
    }

    /// Ends it.
    pub(super) async fn end_part(&mut self, statement: Statement) -> Result<()> {
        self.run(statement).await?;
        self.stage = Stage::Begun;
        Ok(())
    }

    /// Makes everything durable. What was only put off is one statement, and so a transaction by itself, unless a pooler
    /// wants to be told.
    pub(super) async fn commit(&mut self) -> Result<(), Unsaved> {
        if self.pool.mode == PoolMode::Transaction {
            Box::pin(self.flush()).await?;
        }
        if self.stage != Stage::Planned {
            Box::pin(self.flush()).await?;
            Box::pin(self.ask_once(Asked::One(Statement::new("COMMIT")))).await?;
            self.stage = Stage::Reading;
            return Ok(());
        }
        let Some((statement, resource)) = self.queue.take() else { return Ok(()) };
        if self.pooled.is_none() {
            self.pooled = Some(self.pool.get().await?);
        }
        let written = Box::pin(self.ask_once(Asked::One(statement))).await;
        written.map(drop).map_err(|gone| Unsaved::from(gone).of(resource))
    }

    /// Asks, once what was put off has been written; and asks again where that is safe: outside of a transaction there are
    /// reads alone.
    async fn ask(&mut self, asked: Asked) -> Result<Answer> {
        match self.stage {
            Stage::Reading if self.pool.mode == PoolMode::Transaction => return self.ask_alone(asked).await,
            Stage::Reading => return self.ask_again(asked).await,
            Stage::Planned => self.begin_now().await?,
            Stage::Begun | Stage::InPart => {}
        }
        self.flush().await?;
        Ok(self.ask_once(asked).await?)
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(queued) = self.queue.take() else { return Ok(()) };
        if self.stage == Stage::Planned {
            self.begin_now().await?;
        }
        self.write(queued).await
    }

    async fn begin_now(&mut self) -> Result<()> {
        let begin = match &self.pool.begin_for_pooler {
            Some(statements) => Asked::Several(statements.to_string().into()),
            None => Asked::One(Statement::new("BEGIN")),
        };
        self.ask_again(begin).await?;
        self.stage = Stage::Begun;
        Ok(())
    }

    /// Asks in a transaction of its own: what the driver sends for one statement must reach one connection of the server.
    async fn ask_alone(&mut self, asked: Asked) -> Result<Answer> {
        self.begin_now().await?;
        let answer = self.ask_once(asked).await;
        let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.ask_once(Asked::One(Statement::new(end))).await;
        self.stage = Stage::Reading;
        let answer = answer?;
        ended?;
        Ok(answer)
    }

    /// Runs what was put off. It is asked once: nobody could tell whether it happened.
    async fn write(&mut self, (statement, resource): (Statement, Option<ResourceType>)) -> Result<()> {
        let written = self.ask_once(Asked::One(statement)).await;
        written.map(drop).map_err(|gone| Unsaved::from(gone).of(resource).error)
    }

    async fn ask_again(&mut self, asked: Asked) -> Result<Answer> {
        if self.pooled.is_none() {
            self.pooled = Some(self.pool.get().await?);
        }
        match self.ask_once(asked.clone()).await {
            Err(Gone::Lost(cause) | Gone::Dismissed(cause)) => {
                tracing::debug!(%cause, "a connection of the database was lost");
                self.pooled = Some(self.pool.get().await?);
                Ok(self.ask_once(asked).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn ask_once(&mut self, asked: Asked) -> Result<Answer, Gone> {
        let connection = self.pooled.as_mut().ok_or_else(|| Gone::Silent(closed()))?;
        let span = statements::span(SYSTEM, asked.text());
        let query = asked.query().map_err(Gone::Refused)?;
        // What the server keeps for a statement stays with one connection of its own.
        let keeps = self.pool.mode == PoolMode::Session;
        self.is_settled = false;
        let answer = timeout(self.longest, answer(connection, query, keeps)).instrument(span.clone()).await;
        self.is_settled = true;
        let gone = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if is_lost(&error) => {
                self.close();
                let lost = if is_told(&error) { Gone::Dismissed } else { Gone::Lost };
                lost(failure(error))
            }
            Ok(Err(error)) => Gone::Refused(failure(error)),
            Err(_) => {
                self.close();
                let waited = format!("the database did not answer within {:?}", self.longest);
                Gone::Silent(Error::Unavailable(waited.into()))
            }
        };
        statements::note_failure(&span, gone.error());
        Err(gone)
    }

    /// Closes the connection without a word to a server that may not listen, and those that were idle beside it.
    fn close(&mut self) {
        if let Some(pooled) = self.pooled.take() {
            drop(Object::take(pooled));
            self.pool.forget_idle();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(pooled) = self.pooled.take() else { return };
        if !self.is_settled {
            // Somebody stopped waiting for an answer, which the next one would read.
            drop(Object::take(pooled));
        } else if matches!(self.stage, Stage::Begun | Stage::InPart) {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => _ = runtime.spawn(roll_back(pooled, self.pool.longest_answer)),
                Err(_) => drop(Object::take(pooled)),
            }
        }
    }
}

/// Ends a transaction that was given up, so that the connection can be used again.
async fn roll_back(mut pooled: Pooled, longest: Duration) {
    let ended = timeout(longest, pooled.execute(sqlx::raw_sql("ROLLBACK"))).await;
    if !matches!(ended, Ok(Ok(_))) {
        drop(Object::take(pooled));
    }
}

/// What a server is asked.
#[derive(Clone)]
enum Asked {
    /// A statement with its values.
    One(Statement),
    /// Several without.
    Several(Cow<'static, str>),
}

impl Asked {
    fn text(&self) -> &str {
        match self {
            Self::One(statement) => &statement.text,
            Self::Several(text) => text,
        }
    }

    fn query(self) -> Result<Query> {
        match self {
            Self::One(Statement { text, values }) => Ok(Query::One(sql(text), arguments(values)?)),
            Self::Several(text) => Ok(Query::Several(sql(text))),
        }
    }
}

fn sql(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

/// The same as it is sent.
enum Query {
    One(SqlStr, PgArguments),
    Several(SqlStr),
}

/// What a server answers.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    written: u64,
}

/// Why there is no answer.
enum Gone {
    /// The server refused.
    Refused(Error),
    /// The server refused, and said that the connection is of no use any more.
    Dismissed(Error),
    /// The connection was lost.
    Lost(Error),
    /// Nobody answers.
    Silent(Error),
}

impl Gone {
    fn error(&self) -> &Error {
        match self {
            Self::Refused(error) | Self::Dismissed(error) | Self::Lost(error) | Self::Silent(error) => error,
        }
    }
}

impl From<Gone> for Error {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Refused(error) | Gone::Dismissed(error) | Gone::Lost(error) | Gone::Silent(error) => error,
        }
    }
}

/// Why a transaction was not saved, as far as anybody knows.
pub(super) struct Unsaved {
    pub(super) error: Error,
    /// It may have been saved: the server was asked, and nobody answered.
    pub(super) is_unknown: bool,
}

impl Unsaved {
    /// The same of a statement that wrote a resource of this type, if of any.
    fn of(self, resource: Option<ResourceType>) -> Self {
        match resource {
            Some(resource_type) => Self { error: self.error.of(resource_type), ..self },
            None => self,
        }
    }
}

impl From<Gone> for Unsaved {
    fn from(gone: Gone) -> Self {
        Self { is_unknown: matches!(gone, Gone::Lost(_) | Gone::Silent(_)), error: gone.into() }
    }
}

impl From<Error> for Unsaved {
    fn from(error: Error) -> Self {
        Self { error, is_unknown: false }
    }
}

async fn answer(connection: &mut PgConnection, query: Query, keeps: bool) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    let mut parts = match query {
        Query::One(text, values) => connection.fetch_many(sqlx::query_with(text, values).persistent(keeps)),
        Query::Several(text) => connection.fetch_many(sqlx::raw_sql(text)),
    };
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => answer.written += done.rows_affected(),
            Either::Right(row) => answer.rows.push(Row(row)),
        }
    }
    Ok(answer)
}

fn closed() -> Error {
    Error::Unavailable("the connection to the database was closed".into())
}
