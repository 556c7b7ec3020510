//! Which roles users have.

use std::collections::BTreeSet;

use rollcall_scim::Resource;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::{ROWS_PER_STATEMENT, failure};
use crate::{Result, role_values};

/// Gives a user who has none these roles.
pub(super) async fn insert(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
    roles: &BTreeSet<String>,
) -> Result<()> {
    for chunk in roles.iter().collect::<Vec<_>>().chunks(ROWS_PER_STATEMENT) {
        let mut query = Query::new("INSERT INTO user_roles (directory_id, value, user_id) ");
        query.push_values(chunk, |mut row, role| {
            row.push_bind(directory).push_bind(role.as_str()).push_bind(user);
        });
        query.build().execute(&mut *connection).await.map_err(failure)?;
    }
    Ok(())
}

/// Gives a user the roles of other attributes.
pub(super) async fn update(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
    before: &Resource,
    after: &Resource,
) -> Result<()> {
    let (old, new) = (role_values(before), role_values(after));
    if old == new {
        return Ok(());
    }
    delete(connection, directory, user).await?;
    insert(connection, directory, user, &new).await
}

/// Takes every role from a user.
pub(super) async fn delete(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM user_roles WHERE directory_id = $1 AND user_id = $2")
        .bind(directory)
        .bind(user)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}
