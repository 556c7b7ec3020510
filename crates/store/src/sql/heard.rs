//! When the identity provider of a directory was last heard of: a row for each directory, which each recording of requests
//! writes once.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::{Cells, Connection, Statement};
use crate::{ConnectionError, Heard, HeardReading, HeardWriting, Result};

#[async_trait]
impl HeardReading for Database {
    async fn heard(&self, directory: Uuid) -> Result<Option<Heard>> {
        let row = Statement::new(
            "SELECT directory_id, entries, last_seen, last_success, last_error, last_error_status, last_error_detail, \
             last_error_id FROM connections WHERE directory_id = $1",
        )
        .bind(directory)
        .row(&mut self.reader().await?)
        .await?;
        row.map(|row| heard(&mut row.cells())).transpose()
    }

    async fn heard_directories(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<(Uuid, i64)>> {
        let rows = Statement::new(
            "SELECT directory_id, entries FROM connections WHERE $1 IS NULL OR directory_id > $1 ORDER BY directory_id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .rows(&mut self.reader().await?)
        .await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

#[async_trait]
impl HeardWriting for Tx {
    async fn hear(&mut self, heard: &Heard) -> Result<()> {
        // Replicas may report out of order: what is later counts.
        let error = heard.last_error.as_ref();
        Statement::new(
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
        .run(self.connection()?)
        .await?;
        Ok(())
    }
}

/// Takes account of requests that are not kept any more.
pub(super) async fn forget_entries(connection: &mut Connection, directory: Uuid, entries: u64) -> Result<()> {
    Statement::new("UPDATE connections SET entries = entries - $2 WHERE directory_id = $1")
        .bind(directory)
        .bind(i64::try_from(entries).unwrap_or(i64::MAX))
        .run(connection)
        .await?;
    Ok(())
}

/// How many columns [`heard`] reads.
const WIDTH: usize = 8;

/// What was joined, if it is there.
pub(super) fn heard_if_any(cells: &mut Cells<'_>) -> Result<Option<Heard>> {
    if cells.is_null()? {
        cells.skip(WIDTH);
        return Ok(None);
    }
    heard(cells).map(Some)
}

fn heard(cells: &mut Cells<'_>) -> Result<Heard> {
    Ok(Heard {
        directory: cells.next()?,
        entries: cells.next()?,
        last_seen: cells.next()?,
        last_success: cells.next()?,
        last_error: last_error(cells)?,
    })
}

fn last_error(cells: &mut Cells<'_>) -> Result<Option<ConnectionError>> {
    let (time, status): (Option<i64>, Option<i64>) = (cells.next()?, cells.next()?);
    let (detail, activity) = (cells.next()?, cells.next()?);
    Ok(time.map(|time| ConnectionError { time, status: status.unwrap_or_default(), detail, activity }))
}
