//! What users are found by beside their names, in a row a value: their e-mail addresses, and their roles.

use std::collections::BTreeSet;

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use serde_json::Value;
use uuid::Uuid;

use super::{Connection, ROWS_PER_STATEMENT, Statement};
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
        values.insert(connection, directory, user, &(values.of)(attributes)).await?;
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
        if old != new {
            values.delete(connection, directory, user).await?;
            values.insert(connection, directory, user, &new).await?;
        }
    }
    Ok(())
}

/// Takes every value from a user.
pub(super) async fn delete(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    for values in &ALL {
        values.delete(connection, directory, user).await?;
    }
    Ok(())
}

impl Values {
    async fn insert(
        &self,
        connection: &mut Connection,
        directory: Uuid,
        user: Uuid,
        values: &BTreeSet<String>,
    ) -> Result<()> {
        for chunk in values.iter().collect::<Vec<_>>().chunks(ROWS_PER_STATEMENT) {
            let mut query = Statement::new("INSERT INTO ");
            query.push(self.table).push(" (directory_id, value, user_id) ");
            query.push_rows(chunk, |row, value| {
                row.bind(directory).bind(value.as_str()).bind(user);
            });
            query.run(&mut *connection).await?;
        }
        Ok(())
    }

    async fn delete(&self, connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE directory_id = $1 AND user_id = $2", self.table);
        Statement::new(sql).bind(directory).bind(user).run(connection).await?;
        Ok(())
    }
}
