//! Applying the migrations that are compiled in, by one process at a time.

use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use uuid::Uuid;

use super::super::dialect::{Connection, Db, IS_MIGRATED, MIGRATIONS};
use super::{failure, leases};
use crate::{Error, Result};

const LEASE: &str = "migrations";
/// How long one migration may take, in µs. A process that died holds the others up for so long.
const LEASE_MICROS: i64 = 5 * 60 * 1_000_000;
/// How long to wait before asking for the lease again.
const PAUSE: Duration = Duration::from_millis(100);

/// The names of the migrations that the database does not have yet.
pub(super) async fn pending(connection: &mut Connection) -> Result<Vec<String>> {
    let is_migrated =
        sqlx::query_scalar::<Db, bool>(IS_MIGRATED).fetch_one(&mut *connection).await.map_err(failure)?;
    let applied = if is_migrated {
        connection.list_applied_migrations(&Migrator::DEFAULT.table_name).await.map_err(migration_failure)?
    } else {
        Vec::new()
    };
    let is_pending = |number: i64| !applied.iter().any(|applied| applied.version == number);
    Ok(MIGRATIONS
        .iter()
        .filter(|(number, ..)| is_pending(*number))
        .map(|(number, name, _)| title(*number, name))
        .collect())
}

/// Applies what is pending, and says what that was. Migrations of a later version than this one are left alone, so
/// that the old replicas of a rolling upgrade can start.
pub(super) async fn apply(
    connection: &mut Connection,
    holder: Uuid,
    now: &(dyn Fn() -> i64 + Send + Sync),
) -> Result<Vec<String>> {
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
    let applied = apply_in_order(connection, holder, now).await;
    leases::give_back(connection, LEASE, holder).await?;
    applied
}

async fn apply_in_order(
    connection: &mut Connection,
    holder: Uuid,
    now: &(dyn Fn() -> i64 + Send + Sync),
) -> Result<Vec<String>> {
    // What was pending may have been applied by the one that was waited for.
    let pending = pending(connection).await?;
    let migrator = migrator();
    for (number, name, _) in MIGRATIONS {
        if pending.contains(&title(*number, name)) {
            if !renew(connection, holder, now()).await? {
                return Err(Error::Migration("another process took the lease over; run it again".to_owned()));
            }
            migrator.run_direct(Some(*number), connection, false).await.map_err(migration_failure)?;
        }
    }
    Ok(pending)
}

async fn renew(connection: &mut Connection, holder: Uuid, now: i64) -> Result<bool> {
    leases::take(connection, LEASE, holder, now, now + LEASE_MICROS).await
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(number, name, sql)| {
        Migration::new(*number, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}

fn title(number: i64, name: &str) -> String {
    format!("{number:04} {name}")
}

fn migration_failure(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => failure(error),
        error => Error::Migration(error.to_string()),
    }
}
