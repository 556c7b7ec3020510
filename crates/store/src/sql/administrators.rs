//! The administrators of the application among the users.

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use serde_json::Value;
use uuid::Uuid;

use super::super::Tx;
use super::{Row, Statement};
use crate::{Administrator, AdministratorWriting, Error, Result};

#[async_trait]
impl AdministratorWriting for Tx {
    async fn set_administrator(&mut self, directory: Uuid, user: Uuid, administrator: bool) -> Result<()> {
        Statement::new(
            "UPDATE resources SET administrator = $3 WHERE directory_id = $1 AND type = 'User' AND id = $2",
        )
        .bind(directory)
        .bind(user)
        .bind(administrator)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn administrators(&mut self, directory: Uuid, role: Option<&str>) -> Result<Vec<Administrator>> {
        let rows = Statement::new(
            "SELECT id, document FROM resources WHERE directory_id = $1 AND type = 'User' AND administrator AND active \
             UNION SELECT r.id, r.document FROM user_roles o JOIN resources r \
             ON r.directory_id = o.directory_id AND r.type = 'User' AND r.id = o.user_id \
             WHERE o.directory_id = $1 AND o.value = $2 AND r.active ORDER BY 1",
        )
        .bind(directory)
        .bind(role.map(fold))
        .rows(self.connection()?)
        .await?;
        rows.iter().map(administrator).collect()
    }
}

fn administrator(row: &Row) -> Result<Administrator> {
    let id: Uuid = row.get(0)?;
    let document: &str = row.get(1)?;
    let user: Resource = serde_json::from_str(document)
        .map_err(|error| Error::Damaged(format!("the document of resource {id}: {error}")))?;
    let text = |name: &str| user.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Administrator {
        id,
        user_name: text("userName").unwrap_or_default(),
        display_name: text("displayName"),
        email: address(&user),
    })
}

/// The primary e-mail address of a user, else the first.
fn address(user: &Resource) -> Option<String> {
    let emails = user.get("emails")?.as_array()?;
    let is_primary = |email: &&Value| email.get("primary").and_then(Value::as_bool) == Some(true);
    let email = emails.iter().find(is_primary).or_else(|| emails.first())?;
    Some(email.get("value")?.as_str()?.to_owned())
}
