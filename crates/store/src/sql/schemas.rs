//! The schemas that directories have registered.

use rollcall_scim::fold::fold;
use rollcall_scim::schema::Kind;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db, KEEP, Query, push_json};
use super::{Row, failure};
use crate::{Error, RegisteredSchema, ResourceType, Result};

pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
    let rows = sqlx::query::<Db>(
        "SELECT resource_type, required, created, definition FROM schemas WHERE directory_id = $1 ORDER BY created, urn",
    )
    .bind(directory)
    .fetch_all(connection)
    .await
    .map_err(failure)?;
    rows.iter().map(schema).collect()
}

pub(super) async fn put(
    connection: &mut Connection,
    directory: Uuid,
    registered: &RegisteredSchema,
) -> Result<()> {
    let definition =
        serde_json::to_string(&registered.schema).map_err(|error| Error::Damaged(error.to_string()))?;
    sqlx::query::<Db>(
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
    .execute(&mut *connection)
    .await
    .map_err(failure)?;
    raise_version(connection, directory).await
}

pub(super) async fn delete(connection: &mut Connection, directory: Uuid, urn: &str) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM schemas WHERE directory_id = $1 AND urn = $2")
        .bind(directory)
        .bind(fold(urn))
        .execute(&mut *connection)
        .await
        .map_err(failure)?;
    raise_version(connection, directory).await
}

async fn raise_version(connection: &mut Connection, directory: Uuid) -> Result<()> {
    sqlx::query::<Db>("UPDATE directories SET schemas_version = schemas_version + 1 WHERE id = $1")
        .bind(directory)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

/// Whether a resource of the type has a value of the schema whose URN is spelt so.
pub(super) async fn has_values(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
    urn: &str,
) -> Result<bool> {
    let mut query = Query::new("SELECT EXISTS (SELECT 1 FROM resources r WHERE r.directory_id = ");
    query.push_bind(directory).push(" AND r.type = ").push_bind(resource_type.as_str()).push(" AND ");
    push_json(&mut query, "r.search", &[urn], Kind::Complex);
    query.push(" IS NOT NULL)");
    query.build_query_scalar().fetch_one(connection).await.map_err(failure)
}

/// The version of the schemas of a directory, which stays until the transaction ends.
pub(super) async fn hold_version(connection: &mut Connection, directory: Uuid) -> Result<Option<i64>> {
    let sql = format!("SELECT r.schemas_version FROM directories r WHERE r.id = $1{KEEP}");
    sqlx::query_scalar::<Db, i64>(AssertSqlSafe(sql))
        .bind(directory)
        .fetch_optional(connection)
        .await
        .map_err(failure)
}

fn schema(row: &Row) -> Result<RegisteredSchema> {
    let resource_type: &str = row.try_get(0).map_err(failure)?;
    let definition: &str = row.try_get(3).map_err(failure)?;
    Ok(RegisteredSchema {
        resource_type: [ResourceType::User, ResourceType::Group]
            .into_iter()
            .find(|known| known.as_str() == resource_type)
            .ok_or_else(|| Error::Damaged(format!("a schema is of the unknown type {resource_type:?}")))?,
        required: row.try_get(1).map_err(failure)?,
        created: row.try_get(2).map_err(failure)?,
        schema: serde_json::from_str(definition)
            .map_err(|error| Error::Damaged(format!("a registered schema: {error}")))?,
    })
}
