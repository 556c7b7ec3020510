//! PostgreSQL, and the engines that speak its protocol.

mod dialect;
mod sequencer;
#[path = "../sql/mod.rs"]
mod sql;
mod statistics;

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool, Postgres};
use tokio::sync::watch;

use self::dialect::Connection;
use self::sql::Totals;
use self::statistics::Growth;
use crate::failure::failure;
use crate::{Error, Options, Result};

/// After so long without use a connection is asked whether it is still there before it is used again.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A pool of connections.
#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    growth: Arc<Growth>,
    /// Rung after transactions that wrote events.
    written: watch::Sender<()>,
}

impl Database {
    /// Connects. Errors: [`Error::Url`], [`Error::Unavailable`].
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|error| Error::Url(format!("the database URL cannot be read: {error}")))?
            .application_name("rollcall");
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await
            .map_err(failure)?;
        Ok(Self { pool, growth: Arc::default(), written: watch::Sender::new(()) })
    }

    async fn reader(&self) -> Result<PoolConnection<Postgres>> {
        self.pool.acquire().await.map_err(failure)
    }

    /// Gives a connection back after an answer; the pool finds out by itself what state it is in.
    fn settle(reader: PoolConnection<Postgres>) {
        drop(reader);
    }

    async fn migrator(&self) -> Result<PoolConnection<Postgres>> {
        self.reader().await
    }

    async fn transaction(&self) -> Result<Tx> {
        let inner = self.pool.begin().await.map_err(failure)?;
        Ok(Tx {
            inner,
            totals: Totals::default(),
            pool: self.pool.clone(),
            growth: Arc::clone(&self.growth),
            has_events: false,
            written: self.written.clone(),
        })
    }

    async fn shut(&self) {
        self.pool.close().await;
    }
}

/// A running transaction; dropped, it is rolled back.
struct Tx {
    inner: sqlx::Transaction<'static, Postgres>,
    totals: Totals,
    pool: PgPool,
    growth: Arc<Growth>,
    has_events: bool,
    written: watch::Sender<()>,
}

impl Tx {
    fn connection(&mut self) -> &mut Connection {
        &mut self.inner
    }

    fn totals(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// This transaction has written an event.
    fn note_event(&mut self) {
        self.has_events = true;
    }

    async fn commit(mut self) -> Result<()> {
        let added = self.totals.write(&mut self.inner).await?;
        self.inner.commit().await.map_err(failure)?;
        self.growth.note(added, &self.pool);
        if self.has_events {
            self.written.send_replace(());
        }
        Ok(())
    }
}
