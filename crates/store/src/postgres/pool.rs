//! The connections.
//!
//! None is asked whether it lives before it is used: one that turns out dead is replaced, and the others that were idle
//! with it go too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, QueueMode, RecycleResult, Timeouts};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Executor as _, Row as _};
use tokio::time::timeout;

use super::failure::failure;
use super::hosts::Hosts;
use crate::{ConnectionLoad, Error, Options, PoolMode, Result};

/// A connection of the pool.
pub(super) type Pooled = Object<Opening>;

/// How connections are opened.
#[derive(Debug)]
pub(super) struct Opening {
    hosts: Hosts,
    /// How long one host is waited for, so that there is time for the others.
    longest_each: Duration,
    /// What is set for each, where each is one of the server's for as long as it lasts.
    settings: Option<String>,
}

impl Opening {
    fn new(hosts: Hosts, options: &Options) -> Self {
        let count = u32::try_from(hosts.each.len()).unwrap_or(u32::MAX).max(1);
        let longest_each = options.acquire_timeout / count;
        let settings = (options.pool_mode == PoolMode::Session).then(|| settings("SET", options));
        Self { hosts, longest_each, settings }
    }

    /// The first of the hosts that answers, and takes changes where that is asked for.
    async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        let mut refused = sqlx::Error::Configuration("the database URL names no host".into());
        for host in &self.hosts.each {
            match timeout(self.longest_each, self.open_at(host)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => refused = error,
                Err(_) => refused = unusable(host, "does not answer"),
            }
        }
        Err(refused)
    }

    async fn open_at(&self, host: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
        let mut connection = host.connect().await?;
        if self.hosts.read_write {
            let row = connection.fetch_one("SHOW transaction_read_only").await?;
            if row.try_get::<&str, _>(0)? == "on" {
                return Err(unusable(host, "takes no changes: it is a standby, or set to be read-only"));
            }
        }
        let Some(settings) = &self.settings else { return Ok(connection) };
        match connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(settings.clone()))).await {
            Ok(_) => {}
            // Engines that speak the protocol need not know every setting; that each answer is waited for no longer than the
            // store allows holds all the same.
            Err(error @ sqlx::Error::Database(_)) => {
                tracing::warn!(cause = %error, "the database does not take the time-outs of its statements");
            }
            Err(error) => return Err(error),
        }
        Ok(connection)
    }
}

fn unusable(host: &PgConnectOptions, why: &str) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other(format!("{} {why}", host.get_host())))
}

/// A connection that is of no pool, opened as those of one are.
pub(super) async fn alone(hosts: Hosts, options: &Options) -> Result<PgConnection, sqlx::Error> {
    Opening::new(hosts, options).open().await
}

impl managed::Manager for Opening {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        self.open().await
    }

    async fn recycle(&self, _: &mut PgConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(())
    }
}

/// How often a connection was asked for, and for how long, in µs.
#[derive(Debug, Default)]
struct Waits(AtomicU64, AtomicU64);

impl Waits {
    fn note(&self, waited: Duration) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.fetch_add(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn so_far(&self) -> (u64, Duration) {
        (self.0.load(Ordering::Relaxed), Duration::from_micros(self.1.load(Ordering::Relaxed)))
    }
}

/// The connections that there are, and who waits for one.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    inner: managed::Pool<Opening>,
    waits: Arc<Waits>,
    longest_wait: Duration,
    pub(super) longest_answer: Duration,
    pub(super) mode: PoolMode,
    /// What begins a transaction where a pooler gives connections for one.
    pub(super) begin_for_pooler: Option<Arc<str>>,
}

impl Pool {
    pub(super) fn new(hosts: Hosts, options: &Options) -> Result<Self> {
        let wait = Some(options.acquire_timeout);
        let inner = managed::Pool::builder(Opening::new(hosts, options))
            .max_size(options.max_connections.max(1) as usize)
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait, create: wait, recycle: None })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Driver(Box::new(error)))?;
        Ok(Self {
            inner,
            waits: Arc::default(),
            longest_wait: options.acquire_timeout,
            longest_answer: options.statement_timeout + ANSWERING,
            mode: options.pool_mode,
            begin_for_pooler: (options.pool_mode == PoolMode::Transaction)
                .then(|| format!("BEGIN; {}", settings("SET LOCAL", options)).into()),
        })
    }

    /// Errors: [`Error::Unavailable`], the store has been closed.
    pub(super) fn require_open(&self) -> Result<()> {
        if self.inner.is_closed() {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        Ok(())
    }

    /// A connection, in the order of asking. Errors: [`Error::Unavailable`], also where the server lets nobody in: it, its
    /// roles or its limits are changed while others ask, and changed back.
    pub(super) async fn get(&self) -> Result<Pooled> {
        self.ask_for_one().await.map_err(|error| self.none(error))
    }

    /// The first connection of all. Errors: [`Error::Unavailable`], nobody answers; and what the server refuses, which will not
    /// change by itself.
    pub(super) async fn first(&self) -> Result<Pooled> {
        self.ask_for_one().await.map_err(|error| match error {
            PoolError::Backend(error) => unopened(error),
            error => self.none(error),
        })
    }

    async fn ask_for_one(&self) -> Result<Pooled, PoolError<sqlx::Error>> {
        let asked = Instant::now();
        // Whoever asks need not hold the room for a connection that may have to be opened.
        let got = Box::pin(self.inner.get()).await;
        self.waits.note(asked.elapsed());
        got
    }

    fn none(&self, error: PoolError<sqlx::Error>) -> Error {
        match error {
            PoolError::Backend(error) => Error::Unavailable(Box::new(error)),
            PoolError::Timeout(kind) => {
                Error::Unavailable(format!("no connection within {:?}: {kind:?}", self.longest_wait).into())
            }
            error => Error::Unavailable(Box::new(error)),
        }
    }

    /// Who uses the connections, and for how long they were waited for.
    pub(super) fn load(&self) -> ConnectionLoad {
        let status = self.inner.status();
        ConnectionLoad::Pool {
            used: status.size.saturating_sub(status.available) as u64,
            idle: status.available as u64,
            most: status.max_size as u64,
            waiting: status.waiting as u64,
            waits: self.waits.so_far(),
        }
    }

    /// Closes the connections that nobody uses.
    pub(super) fn forget_idle(&self) {
        self.inner.retain(|_, _| false);
    }

    /// Lets nobody take a connection any more, and waits for those who have one.
    pub(super) async fn close(&self) {
        let most = self.inner.status().max_size;
        let all = async {
            let mut taken = Vec::new();
            while taken.len() < most {
                match self.inner.get().await {
                    Ok(connection) => taken.push(connection),
                    Err(_) => break,
                }
            }
        };
        _ = timeout(self.longest_wait, all).await;
        self.inner.close();
    }
}

/// Why there is no first connection. A pooler refuses what only a server takes.
pub(super) fn unopened(error: sqlx::Error) -> Error {
    let is_of_a_pooler =
        |error: &dyn DatabaseError| error.message().contains("unsupported startup parameter");
    if !error.as_database_error().is_some_and(is_of_a_pooler) {
        return failure(error);
    }
    Error::Url(format!(
        "the database is behind a pooler such as PgBouncer ({error}): where its pool_mode is transaction, set database-pool-mode \
         to transaction; where it is session, have it ignore that parameter (ignore_startup_parameters)"
    ))
}

/// How much longer than the server takes for a statement its answer is waited for.
const ANSWERING: Duration = Duration::from_secs(2);

/// A statement ends, a lock is waited for, and a transaction that nobody goes on with holds what it has, for so long.
fn settings(set: &str, options: &Options) -> String {
    let statement = options.statement_timeout.as_millis();
    let lock = options.lock_timeout.as_millis();
    format!(
        "{set} statement_timeout = {statement}; {set} lock_timeout = {lock}; \
         {set} idle_in_transaction_session_timeout = {statement}"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};

    use super::*;

    /// A server that lets nobody in, and says so by this code.
    fn refusing(code: &str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let fields = format!("SFATAL\0VFATAL\0C{code}\0Mno\0\0");
        let mut refusal = vec![b'E'];
        refusal.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
        refusal.extend(fields.as_bytes());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(&refusal).unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_server_that_lets_nobody_in_cannot_be_reached_and_at_the_start_is_set_up_otherwise() {
        // A wrong password, a role that may not connect, a database that is not there, or that takes no connections.
        for code in ["28P01", "28000", "3D000", "55000", "42501"] {
            let url = format!("postgres://somebody@{}/rollcall?sslmode=disable", refusing(code));
            let pool = Pool::new(Hosts::of(&url, PoolMode::Session).unwrap(), &Options::default()).unwrap();
            let later = pool.get().await.err();
            assert!(matches!(later, Some(Error::Unavailable(_))), "{code}: {later:?}");
            let first = pool.first().await.err();
            assert!(matches!(first, Some(Error::Driver(_))), "{code}: {first:?}");
        }
    }
}
