//! Deleting directories, with the rows of every table that are theirs.

use uuid::Uuid;

use super::{Connection, Statement};
use crate::{DIRECTORY_TABLES, Result};

/// Deletes a directory, and notes that it was.
pub(super) async fn delete(connection: &mut Connection, directory: Uuid, now: i64) -> Result<()> {
    delete_rows(&mut *connection, directory).await?;
    Statement::new("DELETE FROM directories WHERE id = $1").bind(directory).run(&mut *connection).await?;
    Statement::new("INSERT INTO deleted_directories (id, deleted) VALUES ($1, $2)")
        .bind(directory)
        .bind(now)
        .run(connection)
        .await?;
    Ok(())
}

/// Deletes the rows that belong to a directory, and returns how many there were.
pub(super) async fn delete_rows(connection: &mut Connection, directory: Uuid) -> Result<u64> {
    connection.take_long().await?;
    let mut rows = 0;
    for table in DIRECTORY_TABLES {
        let sql = format!("DELETE FROM {table} WHERE directory_id = $1");
        let deleted = Statement::new(sql).bind(directory).run(&mut *connection).await?;
        rows += deleted;
    }
    Ok(rows)
}

/// The directories that were deleted a short while ago, each with when, in µs.
pub(super) async fn deleted(connection: &mut Connection) -> Result<Vec<(Uuid, i64)>> {
    let rows = Statement::new("SELECT id, deleted FROM deleted_directories ORDER BY deleted")
        .rows(connection)
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Forgets that a directory was deleted.
pub(super) async fn forget(connection: &mut Connection, directory: Uuid) -> Result<()> {
    Statement::new("DELETE FROM deleted_directories WHERE id = $1").bind(directory).run(connection).await?;
    Ok(())
}
