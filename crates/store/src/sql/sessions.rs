//! Sessions of the console.

use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db};
use super::{Row, failure};
use crate::{Error, Result, Session};

const COLUMNS: &str = "id, credential_id, hash, name, created, used, expires";

pub(super) async fn find(
    connection: &mut Connection,
    hash: &[u8; 32],
) -> Result<Option<(Session, [u8; 32])>> {
    let row = sqlx::query::<Db>(
        "SELECT s.id, s.credential_id, s.hash, s.name, s.created, s.used, s.expires, c.hash \
         FROM sessions s JOIN credentials c ON c.id = s.credential_id WHERE s.hash = $1",
    )
    .bind(hash.as_slice())
    .fetch_optional(connection)
    .await
    .map_err(failure)?;
    row.map(|row| Ok((session(&row)?, hash_at(&row, 7)?))).transpose()
}

pub(super) async fn list(connection: &mut Connection, credential: Uuid) -> Result<Vec<Session>> {
    let sql =
        format!("SELECT {COLUMNS} FROM sessions WHERE credential_id = $1 ORDER BY created DESC, id DESC");
    let rows = sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(credential)
        .fetch_all(connection)
        .await
        .map_err(failure)?;
    rows.iter().map(session).collect()
}

pub(super) async fn list_all(connection: &mut Connection) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY created DESC, id DESC");
    let rows = sqlx::query::<Db>(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(failure)?;
    rows.iter().map(session).collect()
}

pub(super) async fn insert(connection: &mut Connection, session: &Session) -> Result<()> {
    let sql = format!("INSERT INTO sessions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(session.id)
        .bind(session.credential)
        .bind(session.hash.as_slice())
        .bind(&session.name)
        .bind(session.created)
        .bind(session.used)
        .bind(session.expires)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn touch(connection: &mut Connection, id: Uuid, now: i64) -> Result<()> {
    sqlx::query::<Db>("UPDATE sessions SET used = $2 WHERE id = $1 AND used < $2")
        .bind(id)
        .bind(now)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn delete(connection: &mut Connection, credential: Uuid, id: Uuid) -> Result<bool> {
    let deleted = sqlx::query::<Db>("DELETE FROM sessions WHERE credential_id = $1 AND id = $2")
        .bind(credential)
        .bind(id)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(deleted.rows_affected() > 0)
}

pub(super) async fn delete_all(connection: &mut Connection, credential: Uuid) -> Result<Vec<Uuid>> {
    sqlx::query_scalar::<Db, Uuid>("DELETE FROM sessions WHERE credential_id = $1 RETURNING id")
        .bind(credential)
        .fetch_all(connection)
        .await
        .map_err(failure)
}

pub(super) async fn delete_ended(connection: &mut Connection, now: i64, used_before: i64) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM sessions WHERE expires <= $1 OR used <= $2")
        .bind(now)
        .bind(used_before)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.try_get(0).map_err(failure)?,
        credential: row.try_get(1).map_err(failure)?,
        hash: hash_at(row, 2)?,
        name: row.try_get(3).map_err(failure)?,
        created: row.try_get(4).map_err(failure)?,
        used: row.try_get(5).map_err(failure)?,
        expires: row.try_get(6).map_err(failure)?,
    })
}

fn hash_at(row: &Row, column: usize) -> Result<[u8; 32]> {
    let hash: &[u8] = row.try_get(column).map_err(failure)?;
    hash.try_into().map_err(|_| Error::Damaged("the hash of a session has a wrong length".to_owned()))
}
