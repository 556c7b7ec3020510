//! The hashes of passwords, apart from everything else that is known of users.

use rollcall_scim::fold::fold;
use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::failure;
use crate::{PasswordHolder, Result, UserKey};

pub(super) async fn find(
    connection: &mut Connection,
    directory: Uuid,
    user: UserKey<'_>,
) -> Result<Option<PasswordHolder>> {
    let mut query = Query::new(
        "SELECT r.id, r.active, p.hash FROM resources r LEFT JOIN passwords p \
         ON p.directory_id = r.directory_id AND p.user_id = r.id WHERE r.type = 'User' AND r.directory_id = ",
    );
    query.push_bind(directory);
    match user {
        UserKey::Id(id) => query.push(" AND r.id = ").push_bind(id),
        UserKey::Name(name) => query.push(" AND r.unique_name = ").push_bind(fold(name)),
    };
    let row = query.build().fetch_optional(connection).await.map_err(failure)?;
    row.map(|row| {
        Ok(PasswordHolder {
            user: row.try_get(0).map_err(failure)?,
            active: row.try_get::<Option<bool>, _>(1).map_err(failure)?.unwrap_or_default(),
            hash: row.try_get(2).map_err(failure)?,
        })
    })
    .transpose()
}

pub(super) async fn set(connection: &mut Connection, directory: Uuid, user: Uuid, hash: &str) -> Result<()> {
    sqlx::query::<Db>(
        "INSERT INTO passwords (directory_id, user_id, hash) VALUES ($1, $2, $3) \
         ON CONFLICT (directory_id, user_id) DO UPDATE SET hash = excluded.hash",
    )
    .bind(directory)
    .bind(user)
    .bind(hash)
    .execute(connection)
    .await
    .map_err(failure)?;
    Ok(())
}

pub(super) async fn delete(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<bool> {
    let deleted = sqlx::query::<Db>("DELETE FROM passwords WHERE directory_id = $1 AND user_id = $2")
        .bind(directory)
        .bind(user)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(deleted.rows_affected() > 0)
}

pub(super) async fn delete_all(connection: &mut Connection, directory: Uuid) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM passwords WHERE directory_id = $1")
        .bind(directory)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}
