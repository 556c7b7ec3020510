//! The resource types of a directory: the built-in ones, with the schemas that it has registered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rollcall_api::v1::ErrorReason;
use rollcall_scim::definition::Extension;
use rollcall_scim::unique::{self, UniqueValue};
use rollcall_scim::{Definition, Resource, builtin};
use rollcall_store::{Directory, RegisteredSchema, ResourceType, StoredResource, Transaction};
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result};
use crate::resources::{require_short, search_form};

/// The resource types of a directory. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Types(Option<Arc<Extended>>);

/// Types of which one has more schemas than are built in.
#[derive(Debug)]
struct Extended {
    user: Definition,
    group: Definition,
}

impl Types {
    pub(crate) fn extended(registered: Vec<RegisteredSchema>) -> Self {
        let mut types = Extended { user: builtin::user().clone(), group: builtin::group().clone() };
        for RegisteredSchema { resource_type, required, schema, .. } in registered {
            let definition = match resource_type {
                ResourceType::User => &mut types.user,
                ResourceType::Group => &mut types.group,
            };
            definition.extensions.push(Extension { schema, required });
        }
        Self(Some(Arc::new(types)))
    }

    /// Users.
    pub(crate) fn user(&self) -> &Definition {
        self.0.as_ref().map_or_else(|| builtin::user(), |types| &types.user)
    }

    /// Groups.
    pub(crate) fn group(&self) -> &Definition {
        self.0.as_ref().map_or_else(|| builtin::group(), |types| &types.group)
    }
}

/// The types of directories that have registered schemas, each with the version of the schemas that they are of.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes(Mutex<HashMap<Uuid, (i64, Types)>>);

impl KnownTypes {
    fn get(&self, directory: &Directory) -> Option<Types> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, types) = known.get(&directory.id)?;
        (*version == directory.schemas_version).then(|| types.clone())
    }

    fn put(&self, directory: &Directory, types: Types) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(directory.id, (directory.schemas_version, types));
    }
}

impl Core {
    /// The types of a directory. The directory was read with the credential of this very request, so that every replica
    /// knows a schema from the next request on.
    pub(crate) async fn types(&self, directory: &Directory) -> Result<Types> {
        if directory.schemas_version == 0 {
            return Ok(Types::default());
        }
        if let Some(types) = self.known_types.get(directory) {
            return Ok(types);
        }
        let types = Types::extended(self.store.schemas(directory.id).await?);
        self.known_types.put(directory, types.clone());
        Ok(types)
    }

    /// Makes sure that a change which was judged by the schemas of a directory is written while they are still the same.
    ///
    /// Errors: `CONFLICT`.
    pub(crate) async fn hold_schemas(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
    ) -> Result<()> {
        // Who knows of no schema can only miss values, which `require_known` notices.
        if directory.schemas_version == 0
            || transaction.hold_schemas(directory.id).await? == Some(directory.schemas_version)
        {
            return Ok(());
        }
        Err(schemas_changed())
    }

    /// Writes the values of a resource that are unique by registered schemas, if they are others than before.
    ///
    /// Errors: `UNIQUENESS`, and `INVALID_VALUE` for a value that no index could hold.
    pub(crate) async fn write_unique_values(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        resource: &StoredResource,
        search: &Resource,
        before: Option<&Resource>,
        definition: &Definition,
    ) -> Result<()> {
        if directory.schemas_version == 0 {
            return Ok(());
        }
        let after = unique_values(search, definition)?;
        let before = before.map(|before| unique::values(&search_form(before, definition), definition));
        if after != before.unwrap_or_default() {
            let (resource_type, id) = (resource.resource_type, resource.id);
            transaction.set_unique_values(directory.id, resource_type, id, &after).await?;
        }
        Ok(())
    }
}

/// Makes sure that a stored resource has no values of a schema that was registered after this request began.
///
/// Errors: `CONFLICT`.
pub(crate) fn require_known(stored: &Resource, definition: &Definition) -> Result<()> {
    let is_unknown = |name: &String| name.starts_with("urn:") && definition.extension(name).is_none();
    if stored.keys().any(is_unknown) { Err(schemas_changed()) } else { Ok(()) }
}

fn schemas_changed() -> Error {
    Error::new(ErrorReason::Conflict, "the schemas of the directory have changed; send the request again")
}

/// The values of a resource that are unique by registered schemas, from its search form.
///
/// Errors: `INVALID_VALUE` for one that no index could hold.
fn unique_values(search: &Resource, definition: &Definition) -> Result<Vec<UniqueValue>> {
    let values = unique::values(search, definition);
    for UniqueValue { attribute, value } in &values {
        require_short(attribute, value)?;
    }
    Ok(values)
}
