//! A connection to a server, which is waited for no longer than the store allows.

use std::borrow::Cow;
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{AssertSqlSafe, Either, Executor as _, SqlSafeStr as _, SqlStr};
use tokio::time::timeout;

use super::failure::{failure, is_lost};
use super::pool::{Pool, Pooled};
use super::sql::Statement;
use super::values::Row;
use crate::{Error, Result};

/// How long something may take that is done seldom and to much.
const LONG: Duration = Duration::from_mins(5);

/// A connection.
pub(super) struct Connection {
    /// `None`, it was closed.
    pooled: Option<Pooled>,
    pool: Pool,
    /// How long an answer is waited for.
    longest: Duration,
    /// Whether the answer to everything that was asked has come.
    is_settled: bool,
    /// Whether a transaction has begun.
    pub(super) in_transaction: bool,
}

impl Connection {
    pub(super) async fn of(pool: &Pool) -> Result<Self> {
        Ok(Self {
            pooled: Some(pool.get().await?),
            pool: pool.clone(),
            longest: pool.longest_answer,
            is_settled: true,
            in_transaction: false,
        })
    }

    /// Runs a statement, and says how many rows it wrote.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64> {
        Ok(Box::pin(self.answer(statement)).await?.written)
    }

    /// The rows that a statement answers.
    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        Ok(Box::pin(self.answer(statement)).await?.rows)
    }

    /// Runs several statements that have no places.
    pub(super) async fn run_all(&mut self, statements: &'static str) -> Result<()> {
        self.ask(Asked::Several(statements)).await.map(drop)
    }

    /// Lets what is done in this transaction take long.
    pub(super) async fn take_long(&mut self) -> Result<()> {
        self.longest = LONG + Duration::from_secs(2);
        let milliseconds = LONG.as_millis();
        let setting = Statement::new(format!("SET LOCAL statement_timeout = {milliseconds}"));
        self.run(setting).await.map(drop)
    }

    async fn answer(&mut self, statement: Statement) -> Result<Answer> {
        if let Some(refused) = statement.arguments.refused {
            return Err(Error::Driver(refused));
        }
        let text = match statement.text {
            Cow::Borrowed(text) => text.into_sql_str(),
            Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
        };
        self.ask(Asked::One(text, statement.arguments.values)).await
    }

    /// Asks, and asks again where that is safe: outside of a transaction there are reads alone, and its beginning.
    async fn ask(&mut self, asked: Asked) -> Result<Answer> {
        let again = (!self.in_transaction).then(|| asked.clone());
        match (self.ask_once(asked).await, again) {
            (Err(Gone::Lost(cause)), Some(again)) => {
                tracing::debug!(%cause, "a connection of the database was lost");
                let replaced = self.pool.get().await?;
                self.pooled = Some(replaced);
                self.ask_once(again).await.map_err(Error::from)
            }
            (answer, _) => answer.map_err(Error::from),
        }
    }

    async fn ask_once(&mut self, asked: Asked) -> Result<Answer, Gone> {
        let connection = self.pooled.as_mut().ok_or_else(|| Gone::Silent(closed()))?;
        self.is_settled = false;
        let answer = timeout(self.longest, answer(connection, asked)).await;
        self.is_settled = true;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if is_lost(&error) => {
                self.close();
                Err(Gone::Lost(failure(error)))
            }
            Ok(Err(error)) => Err(Gone::Refused(failure(error))),
            Err(_) => {
                self.close();
                let waited = format!("the database did not answer within {:?}", self.longest);
                Err(Gone::Silent(Error::Unavailable(waited.into())))
            }
        }
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
        } else if self.in_transaction {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => _ = runtime.spawn(roll_back(pooled, self.longest)),
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
    One(SqlStr, PgArguments),
    /// Several without.
    Several(&'static str),
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
    /// The connection was lost.
    Lost(Error),
    /// Nobody answers.
    Silent(Error),
}

impl From<Gone> for Error {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Refused(error) | Gone::Lost(error) | Gone::Silent(error) => error,
        }
    }
}

async fn answer(connection: &mut PgConnection, asked: Asked) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    let mut parts = match asked {
        Asked::One(text, values) => connection.fetch_many(sqlx::query_with(text, values)),
        Asked::Several(text) => connection.fetch_many(sqlx::raw_sql(text)),
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
