//! What users are found by beside their names, in a row a value: their e-mail addresses, and their roles.

use std::collections::BTreeSet;

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use serde_json::Value;
use uuid::Uuid;

use super::{Connection, ROWS_PER_STATEMENT, Statement, Writes};
use crate::{Result, role_values};

/// A table with the values of an attribute, and what of a user's attributes is in it.
struct Values {
    table: &'static str,
    of: fn(&Resource) -> BTreeSet<String>,
}

const ALL: [Values; 2] =
    [Values { table: "emails", of: addresses }, Values { table: "user_roles", of: role_values }];

/// The addresses of a user, folded, each once.
fn addresses(attributes: &Resource) -> BTreeSet<String> {
    let elements = attributes.get("emails").and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(|email| email.get("value")?.as_str()).map(fold).collect()
}

/// Writes the values of a user who has none yet.
pub(super) async fn insert(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
    attributes: &Resource,
) -> Result<()> {
    for values in &ALL {
        values.insert(connection, directory, user, (values.of)(attributes).iter()).await?;
    }
    Ok(())
}

/// Writes the values of users who have none yet.
pub(super) async fn insert_all(
    connection: &mut Connection,
    directory: Uuid,
    users: &[(Uuid, &Resource)],
) -> Result<()> {
    for values in &ALL {
        let mut rows: Vec<(Uuid, String)> = Vec::new();
        for (user, attributes) in users {
            rows.extend((values.of)(attributes).into_iter().map(|value| (*user, value)));
        }
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut statement =
                Statement::new(format!("INSERT INTO {} (directory_id, value, user_id) ", values.table));
            statement.push_rows(chunk, |row, (user, value)| {
                row.bind(directory).bind(value).bind(user);
            });
            statement.later(Writes::Adds(values.table), connection).await?;
        }
    }
    Ok(())
}

/// Gives a user the values of other attributes.
pub(super) async fn update(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
    before: &Resource,
    after: &Resource,
) -> Result<()> {
    for values in &ALL {
        let (old, new) = ((values.of)(before), (values.of)(after));
        values.remove(connection, directory, user, old.difference(&new)).await?;
        values.insert(connection, directory, user, new.difference(&old)).await?;
    }
    Ok(())
}

/// Takes every value from a user.
pub(super) async fn delete(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    for values in &ALL {
        Statement::new(format!("DELETE FROM {} WHERE directory_id = $1 AND user_id = $2", values.table))
            .bind(directory)
            .bind(user)
            .later(Writes::Removes(values.table), connection)
            .await?;
    }
    Ok(())
}

impl Values {
    async fn insert(
        &self,
        connection: &mut Connection,
        directory: Uuid,
        user: Uuid,
        values: impl Iterator<Item = &String>,
    ) -> Result<()> {
        for chunk in values.collect::<Vec<_>>().chunks(ROWS_PER_STATEMENT) {
            let mut statement =
                Statement::new(format!("INSERT INTO {} (directory_id, value, user_id) ", self.table));
            statement.push_rows(chunk, |row, value| {
                row.bind(directory).bind(value.as_str()).bind(user);
            });
            statement.later(Writes::Adds(self.table), connection).await?;
        }
        Ok(())
    }

    async fn remove(
        &self,
        connection: &mut Connection,
        directory: Uuid,
        user: Uuid,
        values: impl Iterator<Item = &String>,
    ) -> Result<()> {
        for chunk in values.collect::<Vec<_>>().chunks(ROWS_PER_STATEMENT) {
            let mut statement = Statement::new(format!("DELETE FROM {} WHERE directory_id = ", self.table));
            statement.push_bind(directory).push(" AND user_id = ").push_bind(user);
            statement.push(" AND value IN (").push_list(chunk.iter().copied()).push(")");
            statement.later(Writes::Removes(self.table), connection).await?;
        }
        Ok(())
    }
}
