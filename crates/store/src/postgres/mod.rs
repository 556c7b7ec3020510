//! PostgreSQL, and the engines that speak its protocol.

mod connection;
mod dialect;
mod examination;
mod failure;
mod hosts;
mod outcome;
mod pool;
mod queue;
mod sequencer;
#[path = "../sql/mod.rs"]
mod sql;
mod statistics;
mod values;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use self::connection::Connection;
pub(crate) use self::examination::examine;
use self::hosts::Hosts;
use self::outcome::Witness;
use self::pool::Pool;
use self::sql::{Statement, Totals};
use self::statistics::Growth;
use self::values::Row;
use crate::measures::Transactions;
use crate::{ConnectionLoad, Event, Options, Result};

/// The hosts of a URL with their ports, and whether only one will do that takes changes.
#[cfg(feature = "fuzzing")]
pub(crate) fn host_names(url: &str) -> Result<(Vec<(String, u16)>, bool)> {
    let hosts = Hosts::of(url, crate::PoolMode::Session)?;
    let names = hosts.each.iter().map(|host| (host.get_host().to_owned(), host.get_port()));
    Ok((names.collect(), hosts.read_write))
}

/// A pool of connections.
#[derive(Debug)]
pub(crate) struct Database {
    pool: Pool,
    growth: Arc<Growth>,
    /// Rung after transactions that wrote events.
    written: watch::Sender<()>,
    transactions: Arc<Transactions>,
}

impl Database {
    /// Connects. Errors: [`Error::Url`](crate::Error::Url), [`Error::Unavailable`](crate::Error::Unavailable), and what the
    /// server refuses.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let pool = Pool::new(Hosts::of(url, options.pool_mode)?, options)?;
        drop(pool.first().await?);
        Ok(Self {
            pool,
            growth: Arc::default(),
            written: watch::Sender::new(()),
            transactions: Arc::default(),
        })
    }

    async fn reader(&self) -> Result<Connection> {
        Connection::reader(&self.pool).await
    }

    /// A connection for what an index leads to at once: any.
    async fn quick_reader(&self) -> Result<Connection> {
        self.reader().await
    }

    /// A connection whose every answer is of the moment of the first one, however long it is between two of them.
    async fn frozen_reader(&self) -> Result<Connection> {
        let mut reader = Connection::transaction(&self.pool, false);
        Statement::new("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").run(&mut reader).await?;
        Statement::new("SET LOCAL idle_in_transaction_session_timeout = 0").run(&mut reader).await?;
        Ok(reader)
    }

    /// A connection for the migrations, which begin transactions of their own.
    async fn migrator(&self) -> Result<Tx> {
        Ok(self.idle(self.reader().await?))
    }

    /// A transaction, which begins when something is asked in it; `is_hopeful`, what it is to change may be read without
    /// holding it. Errors: the store has been closed.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn transaction(&self, is_hopeful: bool) -> Result<Tx> {
        self.pool.require_open()?;
        Ok(self.idle(Connection::transaction(&self.pool, is_hopeful)))
    }

    /// Nothing is seen of others before it has been committed.
    #[expect(clippy::unused_async, reason = "it is asked as the other database is")]
    async fn settle_refusals(&self) -> Result<()> {
        Ok(())
    }

    /// A connection that has written nothing yet.
    fn idle(&self, connection: Connection) -> Tx {
        Tx {
            connection,
            totals: Totals::default(),
            pool: self.pool.clone(),
            growth: Arc::clone(&self.growth),
            witness: None,
            written: self.written.clone(),
            transactions: Arc::clone(&self.transactions),
        }
    }

    fn connection_load(&self) -> ConnectionLoad {
        self.pool.load()
    }

    async fn unnumbered_events(connection: &mut Connection) -> Result<i64> {
        Statement::new("SELECT COUNT(*) FROM (SELECT 1 FROM pending_events LIMIT 100000) AS pending")
            .the_value(connection)
            .await
    }

    async fn shut(&self) {
        self.pool.close().await;
    }
}

/// A running transaction; dropped, it is rolled back.
struct Tx {
    connection: Connection,
    totals: Totals,
    pool: Pool,
    growth: Arc<Growth>,
    /// An event of it, if it has written any.
    witness: Option<Witness>,
    written: watch::Sender<()>,
    transactions: Arc<Transactions>,
}

impl Tx {
    #[expect(clippy::unnecessary_wraps, reason = "it is asked as the other database is")]
    fn connection(&mut self) -> Result<&mut Connection> {
        Ok(&mut self.connection)
    }

    fn totals(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// This transaction has written an event.
    fn note_event(&mut self, event: &Event) {
        self.witness = Some(Witness::of(event));
    }

    async fn commit(mut self) -> Result<()> {
        let added = self.totals.write(&mut self.connection).await?;
        let sent = Instant::now();
        if let Err(unsaved) = self.connection.commit().await {
            match self.witness {
                Some(witness) if unsaved.is_unknown && witness.is_seen(&self.pool, sent).await => {}
                _ => return Err(unsaved.error),
            }
        }
        self.growth.note(added, &self.pool);
        if self.witness.is_some() {
            self.written.send_replace(());
        }
        Ok(())
    }
}
