//! The schemas that directories have registered.

use rollcall_scim::schema::Schema;

use crate::ResourceType;

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
