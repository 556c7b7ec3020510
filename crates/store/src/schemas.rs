//! The schemas that directories have registered.

use async_trait::async_trait;
use rollcall_scim::schema::Schema;
use rollcall_scim::unique::UniqueValue;
use uuid::Uuid;

use crate::{ResourceType, Result};

/// A schema that a directory has registered beside the built-in ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredSchema {
    /// The type that it extends.
    pub resource_type: ResourceType,
    /// Whether resources must have values of it.
    pub required: bool,
    /// When it was first registered, in µs.
    pub created: i64,
    /// The schema.
    pub schema: Schema,
}

/// What is read of registered schemas outside of transactions.
#[async_trait]
pub trait SchemaReading {
    /// The schemas that a directory has registered, in the order in which it did.
    async fn schemas(&self, directory: Uuid) -> Result<Vec<RegisteredSchema>>;
}

/// What is read and written of registered schemas, and of the values that are unique by them, in a transaction.
#[async_trait]
pub trait SchemaWriting {
    /// The schemas of a directory that this transaction has read.
    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>>;

    /// The version of the schemas of a directory, which nobody changes until the transaction ends; `None`, there is no
    /// such directory.
    async fn hold_schemas(&mut self, directory: Uuid) -> Result<Option<i64>>;

    /// Whether a resource has a value of the schema with this URN, spelt as the schema has it.
    async fn has_schema_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        urn: &str,
    ) -> Result<bool>;

    /// Registers a schema for a directory that this transaction has read, in place of one with the same URN, and raises
    /// the version of its schemas.
    async fn put_schema(&mut self, directory: Uuid, schema: &RegisteredSchema) -> Result<()>;

    /// Takes a schema from a directory that this transaction has read, and raises the version of its schemas.
    async fn delete_schema(&mut self, directory: Uuid, urn: &str) -> Result<()>;

    /// Gives a resource these values that are unique by registered schemas, in place of those that it has; a deleted
    /// resource has none any more. Errors: [`Error::ValueTaken`](crate::Error::ValueTaken).
    async fn set_unique_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        resource: Uuid,
        values: &[UniqueValue],
    ) -> Result<()>;
}
