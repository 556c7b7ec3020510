//! The server, looked at by one connection.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};

use super::dialect::{IS_MIGRATED, MIGRATIONS};
use super::failure::failure;
use super::hosts::Hosts;
use super::pool::{alone, unopened};
use crate::examination::{ASKED, compared};
use crate::{Examination, Options, Result};

/// Looks at the first of the servers of a URL that answers. Errors: as those of [`examine`](crate::examine).
pub(crate) async fn examine(url: &str, options: &Options, now: fn() -> i64) -> Result<Examination> {
    let mut connection = alone(Hosts::of(url, options.pool_mode)?, options).await.map_err(unopened)?;
    let found = look(&mut connection, now).await.map_err(failure)?;
    // What was found is known, however the connection ends.
    _ = connection.close().await;
    Ok(found)
}

async fn look(connection: &mut PgConnection, now: fn() -> i64) -> Result<Examination, sqlx::Error> {
    let version: String = value(connection, "SHOW server_version").await?;
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut latency = Duration::MAX;
    let mut ahead = 0;
    for _ in 0..ASKED {
        let (asked, before) = (Instant::now(), now());
        let theirs: i64 =
            value(connection, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT").await?;
        if asked.elapsed() < latency {
            latency = asked.elapsed();
            // It looked at its clock about half-way.
            ahead = theirs - i64::midpoint(before, now());
        }
    }
    let connections: i32 = value(
        connection,
        "SELECT current_setting('max_connections')::INT - current_setting('superuser_reserved_connections')::INT",
    )
    .await?;
    let read_only: String = value(connection, "SHOW transaction_read_only").await?;
    let bytes: i64 = value(connection, "SELECT pg_database_size(current_database())").await?;
    Ok(Examination {
        engine: format!("PostgreSQL {version}"),
        latency,
        ahead: Some(ahead),
        bytes: u64::try_from(bytes).unwrap_or_default(),
        takes_changes: read_only == "off",
        connections: u32::try_from(connections).ok(),
        migrations: compared(MIGRATIONS, &applied(connection).await?),
    })
}

/// The migrations that were applied, by number and checksum.
async fn applied(connection: &mut PgConnection) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    if !value::<bool>(connection, IS_MIGRATED).await? {
        return Ok(Vec::new());
    }
    let rows = sqlx::raw_sql("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The one value that a query answers. Nothing is prepared, which would be of no use behind a pooler.
async fn value<T>(connection: &mut PgConnection, query: &'static str) -> Result<T, sqlx::Error>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::raw_sql(query).fetch_one(connection).await?.try_get(0)
}
