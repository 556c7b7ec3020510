//! The values that are unique by registered schemas.

use rollcall_scim::unique::UniqueValue;
use uuid::Uuid;

use super::{Connection, Statement, Writes};
use crate::{Error, ResourceType, Result};

/// Gives a resource these values in place of those that it has.
pub(super) async fn set(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
    resource: Uuid,
    values: &[UniqueValue],
) -> Result<()> {
    delete(connection, directory, resource).await?;
    for UniqueValue { attribute, value } in values {
        // Waits for another transaction that is writing the same value.
        let inserted = Statement::new(
            "INSERT INTO unique_values (directory_id, resource_type, attribute, value, resource_id) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(directory)
        .bind(resource_type.as_str())
        .bind(attribute)
        .bind(value)
        .bind(resource)
        .run(&mut *connection)
        .await?;
        if inserted == 0 {
            return Err(Error::ValueTaken(resource_type, attribute.clone()));
        }
    }
    Ok(())
}

pub(super) async fn delete(connection: &mut Connection, directory: Uuid, resource: Uuid) -> Result<()> {
    Statement::new("DELETE FROM unique_values WHERE directory_id = $1 AND resource_id = $2")
        .bind(directory)
        .bind(resource)
        .later(Writes::Removes("unique_values"), connection)
        .await
}
