//! The schemas that directories have registered.

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use rollcall_scim::schema::Kind;
use rollcall_scim::unique::UniqueValue;
use uuid::Uuid;

use super::super::dialect::{KEEP, push_json};
use super::super::{Database, Tx};
use super::{Connection, Row, Statement, Writes};
use crate::{Error, RegisteredSchema, ResourceType, Result, SchemaReading, SchemaWriting};

pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
    let rows = Statement::new(
        "SELECT resource_type, required, created, definition FROM schemas WHERE directory_id = $1 ORDER BY created, urn",
    )
    .bind(directory)
    .rows(connection)
    .await?;
    rows.iter().map(schema).collect()
}

#[async_trait]
impl SchemaReading for Database {
    async fn schemas(&self, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
        list(&mut self.reader().await?, directory).await
    }
}

#[async_trait]
impl SchemaWriting for Tx {
    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
        list(self.connection()?, directory).await
    }

    async fn hold_schemas(&mut self, directory: Uuid) -> Result<Option<i64>> {
        let sql = format!("SELECT r.schemas_version FROM directories r WHERE r.id = $1{KEEP}");
        Statement::new(sql).bind(directory).value::<i64>(self.connection()?).await
    }

    async fn has_schema_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        urn: &str,
    ) -> Result<bool> {
        let mut query = Statement::new("SELECT EXISTS (SELECT 1 FROM resources r WHERE r.directory_id = ");
        query.push_bind(directory).push(" AND r.type = ").push_bind(resource_type.as_str()).push(" AND ");
        push_json(&mut query, "r.search", &[urn], Kind::Complex);
        query.push(" IS NOT NULL)");
        query.the_value(self.connection()?).await
    }

    async fn put_schema(&mut self, directory: Uuid, registered: &RegisteredSchema) -> Result<()> {
        let connection = self.connection()?;
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

    async fn delete_schema(&mut self, directory: Uuid, urn: &str) -> Result<()> {
        let connection = self.connection()?;
        Statement::new("DELETE FROM schemas WHERE directory_id = $1 AND urn = $2")
            .bind(directory)
            .bind(fold(urn))
            .run(&mut *connection)
            .await?;
        raise_version(connection, directory).await
    }

    async fn set_unique_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        resource: Uuid,
        values: &[UniqueValue],
    ) -> Result<()> {
        let connection = self.connection()?;
        forget_unique_values(connection, directory, resource).await?;
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
}

async fn raise_version(connection: &mut Connection, directory: Uuid) -> Result<()> {
    Statement::new("UPDATE directories SET schemas_version = schemas_version + 1 WHERE id = $1")
        .bind(directory)
        .run(connection)
        .await?;
    Ok(())
}

/// Takes the values that are unique by registered schemas from a resource.
pub(super) async fn forget_unique_values(
    connection: &mut Connection,
    directory: Uuid,
    resource: Uuid,
) -> Result<()> {
    Statement::new("DELETE FROM unique_values WHERE directory_id = $1 AND resource_id = $2")
        .bind(directory)
        .bind(resource)
        .later(Writes::Removes("unique_values"), connection)
        .await
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
