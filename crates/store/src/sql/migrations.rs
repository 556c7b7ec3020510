//! Applying the migrations that are compiled in, by one process at a time.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;

use super::super::Database;
use super::super::dialect::{IS_MIGRATED, MIGRATIONS, MIGRATIONS_TABLE};
use super::{Connection, Statement, leases};
use crate::examination::{checksum, title};
use crate::{Error, LeaseTaking as _, Migrating, Result};

const LEASE: &str = "migrations";
/// How long the lease is taken for, in µs: a process that died holds the others up for so long.
const LEASE_MICROS: i64 = 15 * 1_000_000;
/// How often it is renewed while a migration runs.
const RENEWAL: Duration = Duration::from_secs(5);
/// How long to wait before asking for the lease again.
const PAUSE: Duration = Duration::from_millis(100);

#[async_trait]
impl Migrating for Database {
    async fn migrate(&self, holder: Uuid, now: &(dyn Fn() -> i64 + Send + Sync)) -> Result<Vec<String>> {
        // Those of a later version than this one are left alone, so that the old replicas of a rolling upgrade can start.
        let mut migrator = self.migrator().await?;
        let connection = migrator.connection()?;
        if pending(connection).await?.is_empty() {
            return Ok(Vec::new());
        }
        leases::prepare(connection).await?;
        let mut waited = false;
        while !renew(connection, holder, now()).await? {
            if !waited {
                tracing::info!("another process is migrating the database; waiting for it");
                waited = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let applied = tokio::select! {
            applied = apply_in_order(connection, holder, now) => applied,
            never = self.keep_lease(holder, now) => match never {},
        };
        leases::give_back(connection, LEASE, holder).await?;
        applied
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        pending(&mut self.reader().await?).await
    }
}

impl Database {
    /// Renews the lease as long as it is polled. Where the migration has the only connection that writes, nobody else can take
    /// it anyway.
    async fn keep_lease(&self, holder: Uuid, now: &(dyn Fn() -> i64 + Send + Sync)) -> Infallible {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if let Err(error) = self.take_lease(LEASE, holder, now(), LEASE_MICROS).await {
                tracing::debug!(cause = &error as &dyn std::error::Error, "the lease was not renewed");
            }
        }
    }
}

/// The names of the migrations that the database does not have yet.
async fn pending(connection: &mut Connection) -> Result<Vec<String>> {
    let is_migrated: bool = Statement::new(IS_MIGRATED).the_value(&mut *connection).await?;
    let applied = if is_migrated { applied(connection).await? } else { Vec::new() };
    let is_pending = |(number, ..): &&(i64, &str, &str)| !applied.contains(number);
    Ok(MIGRATIONS.iter().filter(is_pending).map(|(number, name, _)| title(*number, name)).collect())
}

/// The numbers of the migrations that were applied. Errors: [`Error::Migration`], one is not what this version knows by its
/// number.
async fn applied(connection: &mut Connection) -> Result<Vec<i64>> {
    let rows = Statement::new("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
        .rows(connection)
        .await?;
    let mut applied = Vec::new();
    for row in &rows {
        let (number, found) = (row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?);
        let known = MIGRATIONS.iter().find(|(known, ..)| *known == number);
        if known.is_some_and(|(.., sql)| found != checksum(sql)) {
            return Err(Error::Migration(format!(
                "migration {number} was applied with another text than this version has"
            )));
        }
        applied.push(number);
    }
    Ok(applied)
}

async fn apply_in_order(
    connection: &mut Connection,
    holder: Uuid,
    now: &(dyn Fn() -> i64 + Send + Sync),
) -> Result<Vec<String>> {
    Statement::new(MIGRATIONS_TABLE).run(&mut *connection).await?;
    // What was pending may have been applied by the one that was waited for.
    let pending = pending(connection).await?;
    for (number, name, sql) in MIGRATIONS {
        if pending.contains(&title(*number, name)) {
            if !renew(connection, holder, now()).await? {
                return Err(Error::Migration("another process took the lease over; run it again".to_owned()));
            }
            apply_one(connection, *number, name, sql).await?;
        }
    }
    Ok(pending)
}

/// Applies a migration and notes it in one transaction.
async fn apply_one(connection: &mut Connection, number: i64, name: &str, sql: &'static str) -> Result<()> {
    let began = Instant::now();
    connection.begin().await?;
    let applied = async {
        connection.take_long().await?;
        connection.run_all(sql).await?;
        Statement::new(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ($1, $2, TRUE, $3, $4)",
        )
        .bind(number)
        .bind(name)
        .bind(checksum(sql))
        .bind(i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX))
        .run(&mut *connection)
        .await
    };
    match applied.await {
        Ok(_) => connection.save().await,
        Err(error) => {
            // Where this fails too, the connection does not outlive the error.
            _ = connection.undo().await;
            Err(error)
        }
    }
}

async fn renew(connection: &mut Connection, holder: Uuid, now: i64) -> Result<bool> {
    leases::take(connection, LEASE, holder, now, LEASE_MICROS).await
}
