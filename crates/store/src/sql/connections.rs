//! When the identity provider of a directory was last heard of: a row for each directory, which each recording of requests
//! writes once.

use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db};
use super::{Row, failure};
use crate::{ConnectionError, Heard, Result};

/// Adds what was heard. Replicas may report out of order: what is later counts.
pub(super) async fn hear(connection: &mut Connection, heard: &Heard) -> Result<()> {
    let error = heard.last_error.as_ref();
    sqlx::query::<Db>(
        "INSERT INTO connections AS c (directory_id, entries, last_seen, last_success, last_error, last_error_status, \
         last_error_detail, last_error_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (directory_id) DO UPDATE SET entries = c.entries + excluded.entries, \
         last_seen = CASE WHEN excluded.last_seen > c.last_seen THEN excluded.last_seen ELSE c.last_seen END, \
         last_success = CASE WHEN excluded.last_success > COALESCE(c.last_success, 0) THEN excluded.last_success \
         ELSE c.last_success END, \
         last_error = CASE WHEN excluded.last_error >= COALESCE(c.last_error, 0) THEN excluded.last_error \
         ELSE c.last_error END, \
         last_error_status = CASE WHEN excluded.last_error >= COALESCE(c.last_error, 0) THEN excluded.last_error_status \
         ELSE c.last_error_status END, \
         last_error_detail = CASE WHEN excluded.last_error >= COALESCE(c.last_error, 0) THEN excluded.last_error_detail \
         ELSE c.last_error_detail END, \
         last_error_id = CASE WHEN excluded.last_error >= COALESCE(c.last_error, 0) THEN excluded.last_error_id \
         ELSE c.last_error_id END",
    )
    .bind(heard.directory)
    .bind(heard.entries)
    .bind(heard.last_seen)
    .bind(heard.last_success)
    .bind(error.map(|error| error.time))
    .bind(error.map(|error| error.status))
    .bind(error.and_then(|error| error.detail.as_deref()))
    .bind(error.and_then(|error| error.activity))
    .execute(connection)
    .await
    .map_err(failure)?;
    Ok(())
}

/// Takes account of requests that are not kept any more.
pub(super) async fn forget_entries(connection: &mut Connection, directory: Uuid, entries: u64) -> Result<()> {
    sqlx::query::<Db>("UPDATE connections SET entries = entries - $2 WHERE directory_id = $1")
        .bind(directory)
        .bind(i64::try_from(entries).unwrap_or(i64::MAX))
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn find(connection: &mut Connection, directory: Uuid) -> Result<Option<Heard>> {
    let row = sqlx::query::<Db>(
        "SELECT directory_id, entries, last_seen, last_success, last_error, last_error_status, last_error_detail, \
         last_error_id FROM connections WHERE directory_id = $1",
    )
    .bind(directory)
    .fetch_optional(connection)
    .await
    .map_err(failure)?;
    row.as_ref().map(heard).transpose()
}

/// Every directory that was heard of and how many of its requests are kept, in order, from the first after `after` on.
pub(super) async fn list(
    connection: &mut Connection,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, i64)>> {
    sqlx::query_as::<Db, (Uuid, i64)>(
        "SELECT directory_id, entries FROM connections WHERE $1 IS NULL OR directory_id > $1 ORDER BY directory_id LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(failure)
}

fn heard(row: &Row) -> Result<Heard> {
    let error_time: Option<i64> = row.try_get(4).map_err(failure)?;
    let error = |time| {
        Ok(ConnectionError {
            time,
            status: row.try_get::<Option<i64>, _>(5).map_err(failure)?.unwrap_or_default(),
            detail: row.try_get(6).map_err(failure)?,
            activity: row.try_get(7).map_err(failure)?,
        })
    };
    Ok(Heard {
        directory: row.try_get(0).map_err(failure)?,
        entries: row.try_get(1).map_err(failure)?,
        last_seen: row.try_get(2).map_err(failure)?,
        last_success: row.try_get(3).map_err(failure)?,
        last_error: error_time.map(error).transpose()?,
    })
}
