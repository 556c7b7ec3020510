//! The schemas that directories have registered.

use rollcall_scim::fold::fold;
use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::super::dialect::{KEEP, push_json};
use super::{Connection, Row, Statement};
use crate::{Error, RegisteredSchema, ResourceType, Result};

pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
    let rows = Statement::new(
        "SELECT resource_type, required, created, definition FROM schemas WHERE directory_id = $1 ORDER BY created, urn",
    )
    .bind(directory)
    .rows(connection)
    .await?;
    rows.iter().map(schema).collect()
}

pub(super) async fn put(
    connection: &mut Connection,
    directory: Uuid,
    registered: &RegisteredSchema,
) -> Result<()> {
    let definition =
        serde_json::to_string(&registered.schema).map_err(|error| Error::Damaged(error.to_string()))?;
    Statement::new(
        "INSERT INTO schemas (directory_id, urn, resource_type, required, created, definition) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (directory_id, urn) DO UPDATE SET \
         resource_type = excluded.resource_type, required = excluded.required, definition = excluded.definition",
    )
    .bind(directory)
    .bind(fold(&registered.schema.id))
    .bind(registered.resource_type.as_str())
    .bind(registered.required)
    .bind(registered.created)
    .bind(definition)
    .run(&mut *connection)
    .await?;
    raise_version(connection, directory).await
}

pub(super) async fn delete(connection: &mut Connection, directory: Uuid, urn: &str) -> Result<()> {
    Statement::new("DELETE FROM schemas WHERE directory_id = $1 AND urn = $2")
        .bind(directory)
        .bind(fold(urn))
        .run(&mut *connection)
        .await?;
    raise_version(connection, directory).await
}

async fn raise_version(connection: &mut Connection, directory: Uuid) -> Result<()> {
    Statement::new("UPDATE directories SET schemas_version = schemas_version + 1 WHERE id = $1")
        .bind(directory)
        .run(connection)
        .await?;
    Ok(())
}

/// Whether a resource of the type has a value of the schema whose URN is spelt so.
pub(super) async fn has_values(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
    urn: &str,
) -> Result<bool> {
    let mut query = Statement::new("SELECT EXISTS (SELECT 1 FROM resources r WHERE r.directory_id = ");
    query.push_bind(directory).push(" AND r.type = ").push_bind(resource_type.as_str()).push(" AND ");
    push_json(&mut query, "r.search", &[urn], Kind::Complex);
    query.push(" IS NOT NULL)");
    query.the_value(connection).await
}

/// The version of the schemas of a directory, which stays until the transaction ends.
pub(super) async fn hold_version(connection: &mut Connection, directory: Uuid) -> Result<Option<i64>> {
    let sql = format!("SELECT r.schemas_version FROM directories r WHERE r.id = $1{KEEP}");
    Statement::new(sql).bind(directory).value::<i64>(connection).await
}

fn schema(row: &Row) -> Result<RegisteredSchema> {
    let resource_type: &str = row.get(0)?;
    let definition: &str = row.get(3)?;
    Ok(RegisteredSchema {
        resource_type: [ResourceType::User, ResourceType::Group]
            .into_iter()
            .find(|known| known.as_str() == resource_type)
            .ok_or_else(|| Error::Damaged(format!("a schema is of the unknown type {resource_type:?}")))?,
        required: row.get(1)?,
        created: row.get(2)?,
        schema: serde_json::from_str(definition)
            .map_err(|error| Error::Damaged(format!("a registered schema: {error}")))?,
    })
}
