//! Deleting directories, with the rows of every table that are theirs.

use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db};
use super::failure;
use crate::{DIRECTORY_TABLES, Result};

/// Deletes a directory, and notes that it was.
pub(super) async fn delete(connection: &mut Connection, directory: Uuid, now: i64) -> Result<()> {
    delete_rows(&mut *connection, directory).await?;
    sqlx::query::<Db>("DELETE FROM directories WHERE id = $1")
        .bind(directory)
        .execute(&mut *connection)
        .await
        .map_err(failure)?;
    sqlx::query::<Db>("INSERT INTO deleted_directories (id, deleted) VALUES ($1, $2)")
        .bind(directory)
        .bind(now)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

/// Deletes the rows that belong to a directory, and returns how many there were.
pub(super) async fn delete_rows(connection: &mut Connection, directory: Uuid) -> Result<u64> {
    let mut rows = 0;
    for table in DIRECTORY_TABLES {
        let sql = format!("DELETE FROM {table} WHERE directory_id = $1");
        let deleted = sqlx::query::<Db>(AssertSqlSafe(sql))
            .bind(directory)
            .execute(&mut *connection)
            .await
            .map_err(failure)?;
        rows += deleted.rows_affected();
    }
    Ok(rows)
}

/// The directories that were deleted a short while ago, each with when, in µs.
pub(super) async fn deleted(connection: &mut Connection) -> Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query::<Db>("SELECT id, deleted FROM deleted_directories ORDER BY deleted")
        .fetch_all(connection)
        .await
        .map_err(failure)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failure)?, row.try_get(1).map_err(failure)?))).collect()
}

/// Forgets that a directory was deleted.
pub(super) async fn forget(connection: &mut Connection, directory: Uuid) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM deleted_directories WHERE id = $1")
        .bind(directory)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}
