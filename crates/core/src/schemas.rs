//! The schemas that directories register: what `SchemaService` answers.

use rollcall_api::discovery;
use rollcall_api::v1::schema_service_server::SchemaService;
use rollcall_api::v1::{
    self, DeleteSchemaRequest, DeleteSchemaResponse, ErrorReason, ListRegisteredSchemasRequest,
    ListRegisteredSchemasResponse, RegisterSchemaRequest, RegisterSchemaResponse,
};
use rollcall_scim::fold::fold;
use rollcall_scim::registration;
use rollcall_store::{Directory, EventKind, RegisteredSchema, ResourceType, Transaction};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::{Caller, no_directory};
use crate::credentials::timestamp;
use crate::error::{Error, Result, shortened};

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Schemas {
    core: Core,
}

impl Schemas {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn register(
        &self,
        caller: &Caller,
        request: RegisterSchemaRequest,
    ) -> Result<RegisterSchemaResponse> {
        let resource_type = resource_type(&request.resource_type)?;
        let schema = request.schema.ok_or_else(|| Error::value("schema: it is missing"))?;
        let schema = registration::read(discovery::registration(&schema))?;
        let name = caller.directory_to_change(&*self.core.store, &request.directory).await?.name.clone();
        let (mut transaction, directory) = self.begin(&name).await?;
        let (known, others) = split(transaction.schemas(directory.id).await?, &schema.id);
        registration::require_room(&schema, others.iter().map(|other| other.schema.id.as_str()))?;
        let new = RegisteredSchema {
            resource_type,
            required: request.required,
            created: known.as_ref().map_or_else(|| self.core.clock.now(), |known| known.created),
            schema,
        };
        match &known {
            Some(known) if *known == new => {
                return Ok(RegisterSchemaResponse { schema: Some(message(&new)) });
            }
            Some(known) => require_replaceable(&mut *transaction, &directory, known, &new).await?,
            None => require_few(others.len())?,
        }
        transaction.put_schema(directory.id, &new).await?;
        self.tell(
            &mut *transaction,
            caller,
            &directory,
            EventKind::SchemaRegistered,
            known.as_ref(),
            Some(&new),
        )
        .await?;
        transaction.save().await?;
        Ok(RegisterSchemaResponse { schema: Some(message(&new)) })
    }

    async fn list(
        &self,
        caller: &Caller,
        request: ListRegisteredSchemasRequest,
    ) -> Result<ListRegisteredSchemasResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let schemas = self.core.store.schemas(directory.id).await?;
        Ok(ListRegisteredSchemasResponse { schemas: schemas.iter().map(message).collect() })
    }

    async fn delete(&self, caller: &Caller, request: DeleteSchemaRequest) -> Result<DeleteSchemaResponse> {
        let name = caller.directory_to_change(&*self.core.store, &request.directory).await?.name.clone();
        let (mut transaction, directory) = self.begin(&name).await?;
        let known = split(transaction.schemas(directory.id).await?, &request.id).0;
        let known = known.ok_or_else(|| {
            Error::new(
                ErrorReason::NotFound,
                format!("there is no registered schema {:?}", shortened(&request.id)),
            )
        })?;
        let (resource_type, urn) = (known.resource_type, &known.schema.id);
        if transaction.has_schema_values(directory.id, resource_type, urn).await? {
            return Err(Error::new(
                ErrorReason::Forbidden,
                format!(
                    "a {} has a value of the schema: take the values away first; the filter `schemas eq {urn:?}` finds them",
                    resource_type.as_str()
                ),
            ));
        }
        transaction.delete_schema(directory.id, urn).await?;
        self.tell(&mut *transaction, caller, &directory, EventKind::SchemaDeleted, Some(&known), None)
            .await?;
        transaction.save().await?;
        Ok(DeleteSchemaResponse {})
    }

    /// Begins a transaction during which nobody else changes the schemas of the directory, or writes resources by them.
    async fn begin(&self, directory: &str) -> Result<(Box<dyn Transaction>, Directory)> {
        let mut transaction = self.core.store.begin().await?;
        let found = transaction.directory(directory).await?;
        let found = found.ok_or_else(|| no_directory(directory))?;
        Ok((transaction, found))
    }

    async fn tell(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        directory: &Directory,
        kind: EventKind,
        before: Option<&RegisteredSchema>,
        after: Option<&RegisteredSchema>,
    ) -> Result<()> {
        let facts = json!({ "schema": { "before": before.map(facts), "after": after.map(facts) } });
        let event = self.core.event(caller.origin(), Some(directory.id), kind, directory.id, facts);
        Ok(transaction.insert_event(&event).await?)
    }
}

/// Checks a schema that comes from elsewhere, beside those that come with it, as one that is to be registered.
///
/// Errors: `INVALID_VALUE`; `TOO_MANY`.
pub(crate) fn judge_registered(new: &RegisteredSchema, others: &[RegisteredSchema]) -> Result<()> {
    let schema = registration::read(discovery::registration(&discovery::schema(&new.schema)))?;
    registration::require_room(&schema, others.iter().map(|other| other.schema.id.as_str()))?;
    require_few(others.len())
}

/// Refuses one more than a directory may have. Errors: `TOO_MANY`.
fn require_few(others: usize) -> Result<()> {
    if others < registration::MOST_SCHEMAS {
        return Ok(());
    }
    Err(Error::new(
        ErrorReason::TooMany,
        format!("a directory may have {} schemas at most", registration::MOST_SCHEMAS),
    ))
}

/// Refuses a replacement by which values that resources have would be wrong.
///
/// Errors: `INVALID_VALUE`.
async fn require_replaceable(
    transaction: &mut dyn Transaction,
    directory: &Directory,
    known: &RegisteredSchema,
    new: &RegisteredSchema,
) -> Result<()> {
    let urn = &known.schema.id;
    if new.schema.id != *urn {
        return Err(Error::value(format!("id: the schema is registered as {urn:?}; spell it so")));
    }
    if !transaction.has_schema_values(directory.id, known.resource_type, urn).await? {
        return Ok(());
    }
    if new.resource_type != known.resource_type {
        return Err(Error::value(format!(
            "resource_type: a {} has a value of the schema, which can become no other type's",
            known.resource_type.as_str()
        )));
    }
    Ok(registration::require_compatible(&known.schema, &new.schema)?)
}

/// The schema with this URN, whatever its case, and the others.
fn split(schemas: Vec<RegisteredSchema>, urn: &str) -> (Option<RegisteredSchema>, Vec<RegisteredSchema>) {
    let folded = fold(urn);
    let (mut known, others): (Vec<_>, Vec<_>) =
        schemas.into_iter().partition(|known| fold(&known.schema.id) == folded);
    (known.pop(), others)
}

fn resource_type(name: &str) -> Result<ResourceType> {
    match name {
        "" | "User" => Ok(ResourceType::User),
        "Group" => Ok(ResourceType::Group),
        _ => {
            Err(Error::value(format!("resource_type: give User or Group; {:?} is neither", shortened(name))))
        }
    }
}

/// A schema as events tell it.
fn facts(registered: &RegisteredSchema) -> Value {
    json!({
        "resourceType": registered.resource_type.as_str(),
        "required": registered.required,
        "definition": registered.schema,
    })
}

fn message(registered: &RegisteredSchema) -> v1::RegisteredSchema {
    v1::RegisteredSchema {
        schema: Some(discovery::schema(&registered.schema)),
        resource_type: registered.resource_type.as_str().to_owned(),
        required: registered.required,
        created: Some(timestamp(registered.created)),
    }
}

#[tonic::async_trait]
impl SchemaService for Schemas {
    async fn register_schema(
        &self,
        request: Request<RegisterSchemaRequest>,
    ) -> Result<Response<RegisterSchemaResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.register(Caller::of(&extensions)?, message).await?))
    }

    async fn list_registered_schemas(
        &self,
        request: Request<ListRegisteredSchemasRequest>,
    ) -> Result<Response<ListRegisteredSchemasResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_schema(
        &self,
        request: Request<DeleteSchemaRequest>,
    ) -> Result<Response<DeleteSchemaResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }
}
