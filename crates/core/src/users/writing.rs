//! Creating, replacing, patching and deleting users: each change, its version and its event in one transaction.

use rollcall_api::v1::{
    CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse, ErrorReason,
    PatchUserRequest, PatchUserResponse, ReplaceUserRequest, ReplaceUserResponse, User,
};
use rollcall_api::{patch, user};
use rollcall_scim::{Definition, Resource, builtin, resource};
use rollcall_store::{Directory, Draft, Event, EventKind, ResourceType, StoredResource};
use serde_json::Value;
use uuid::Uuid;

use super::representation::represent;
use super::{RESOURCE_TYPE, Users, projection};
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};
use crate::events::changes;
use crate::version::require_match;

/// How often a change is tried that loses against others.
const ATTEMPTS: u32 = 4;
/// The longest value, in bytes, of an attribute that has an index: `userName`, `externalId` and e-mail addresses. An entry
/// of a PostgreSQL index holds about 2,700 bytes; folding can make a text three times as long.
const LONGEST_INDEXED: usize = 800;

impl Users {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        request: CreateUserRequest,
    ) -> Result<CreateUserResponse> {
        let projection = projection(request.projection)?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let mut attributes = judge(request.user, builtin::user())?;
        attributes.entry("active").or_insert(Value::Bool(true));
        let now = self.core.clock.now();
        let user = StoredResource {
            resource_type: ResourceType::User,
            id: self.core.new_id(),
            version: 1,
            created: now,
            modified: now,
            attributes,
        };
        let search = search_form(&user.attributes, builtin::user());
        let mut attempts = Attempts::default();
        while let Err(error) = self.insert(caller, &directory, &user, &search).await {
            attempts.again(error)?;
        }
        Ok(CreateUserResponse { user: Some(represent(user, &projection, builtin::user())) })
    }

    pub(super) async fn replace(
        &self,
        caller: &Caller,
        request: ReplaceUserRequest,
    ) -> Result<ReplaceUserResponse> {
        let projection = projection(request.projection)?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let attributes = judge(request.user, builtin::user())?;
        let next = |current: &Resource| {
            let mut attributes = attributes.clone();
            if let Some(active) = current.get("active") {
                attributes.entry("active").or_insert_with(|| active.clone());
            }
            Ok(attributes)
        };
        let user = self.change(caller, &directory, &request.id, &request.if_match, &next).await?;
        Ok(ReplaceUserResponse { user: Some(represent(user, &projection, builtin::user())) })
    }

    pub(super) async fn patch(
        &self,
        caller: &Caller,
        request: PatchUserRequest,
    ) -> Result<PatchUserResponse> {
        let projection = projection(request.projection)?;
        let limit = self.core.limits.max_patch_operations;
        if request.operations.len() > limit {
            return Err(Error::new(
                ErrorReason::TooMany,
                format!(
                    "Operations: {} are more than the {limit} allowed in one PATCH",
                    request.operations.len()
                ),
            ));
        }
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let operations = patch::from_messages(request.operations)?;
        let rules = directory.profile.rules();
        let next = |current: &Resource| {
            let mut patched =
                rollcall_scim::patch::apply(current, &request.id, &operations, builtin::user(), rules)?;
            discard_password(&mut patched);
            require_indexable(&patched)?;
            Ok(patched)
        };
        let user = self.change(caller, &directory, &request.id, &request.if_match, &next).await?;
        Ok(PatchUserResponse { user: Some(represent(user, &projection, builtin::user())) })
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        request: DeleteUserRequest,
    ) -> Result<DeleteUserResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        let mut attempts = Attempts::default();
        while let Err(error) = self.remove(caller, &directory, id, &request.if_match).await {
            attempts.again(error)?;
        }
        Ok(DeleteUserResponse {})
    }

    async fn insert(
        &self,
        caller: &Caller,
        directory: &Directory,
        user: &StoredResource,
        search: &Resource,
    ) -> Result<()> {
        let mut transaction = self.core.store.begin().await?;
        transaction.insert_resource(directory.id, Draft { resource: user, search, unique: true }).await?;
        let facts = changes(&Resource::new(), &user.attributes);
        let event = self.event(caller, directory, EventKind::UserCreated, user, facts);
        transaction.insert_event(&event).await?;
        Ok(transaction.save().await?)
    }

    async fn remove(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
    ) -> Result<()> {
        let mut transaction = self.core.store.begin().await?;
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(if_match, user.version)?;
        transaction.delete_resource(directory.id, ResourceType::User, id).await?;
        let facts = changes(&user.attributes, &Resource::new());
        let event = self.event(caller, directory, EventKind::UserDeleted, &user, facts);
        transaction.insert_event(&event).await?;
        Ok(transaction.save().await?)
    }

    /// Changes a user to what `next` makes of its attributes. What changes nothing moves neither the version nor the
    /// time, and writes no event.
    async fn change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: &str,
        if_match: &[String],
        next: &(dyn Fn(&Resource) -> Result<Resource> + Sync),
    ) -> Result<StoredResource> {
        let id = parse_id(RESOURCE_TYPE, id)?;
        let mut attempts = Attempts::default();
        loop {
            match self.try_change(caller, directory, id, if_match, next).await {
                Ok(user) => return Ok(user),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn try_change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
        next: &(dyn Fn(&Resource) -> Result<Resource> + Sync),
    ) -> Result<StoredResource> {
        let mut transaction = self.core.store.begin().await?;
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let mut user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(if_match, user.version)?;
        let attributes = next(&user.attributes)?;
        if attributes == user.attributes {
            return Ok(user);
        }
        let before = std::mem::replace(&mut user.attributes, attributes);
        user.version += 1;
        user.modified = self.core.clock.now().max(user.modified);
        let search = search_form(&user.attributes, builtin::user());
        let draft = Draft { resource: &user, search: &search, unique: true };
        transaction.update_resource(directory.id, draft, &before).await?;
        let facts = changes(&before, &user.attributes);
        let event = self.event(caller, directory, EventKind::UserUpdated, &user, facts);
        transaction.insert_event(&event).await?;
        transaction.save().await?;
        Ok(user)
    }

    /// The event of a change.
    fn event(
        &self,
        caller: &Caller,
        directory: &Directory,
        kind: EventKind,
        user: &StoredResource,
        facts: Value,
    ) -> Event {
        let event = self.core.event(caller.origin(), Some(directory.id), kind, user.id, facts);
        Event { version: Some(user.version), ..event }
    }
}

/// Judges the attributes that a client sent for a whole user.
fn judge(user: Option<User>, definition: &Definition) -> Result<Resource> {
    let user = user.ok_or_else(|| Error::value("user: it is missing"))?;
    let mut attributes = resource::normalize_attributes(user::into_resource(user), definition)?;
    discard_password(&mut attributes);
    require_indexable(&attributes)?;
    Ok(attributes)
}

/// What filters are answered from: the attributes and the `schemas` that follow from them.
fn search_form(attributes: &Resource, definition: &Definition) -> Resource {
    let schemas: Vec<Value> =
        resource::schemas_of(attributes, definition).into_iter().map(Value::from).collect();
    let mut form = rollcall_scim::search_form::of(attributes, definition);
    form.insert("schemas".to_owned(), Value::Array(schemas));
    form
}

/// Okta sends a placeholder password with every create. It has been checked for its type, and is not kept.
fn discard_password(attributes: &mut Resource) {
    attributes.shift_remove("password");
}

/// Refuses what no index could hold.
fn require_indexable(attributes: &Resource) -> Result<()> {
    let names = ["userName", "externalId"].map(|name| (name, attributes.get(name)));
    let emails = attributes.get("emails").and_then(Value::as_array).into_iter().flatten();
    let addresses = emails.map(|email| ("emails.value", email.get("value")));
    for (name, value) in names.into_iter().chain(addresses) {
        if value.and_then(Value::as_str).is_some_and(|text| text.len() > LONGEST_INDEXED) {
            return Err(Error::value(format!("{name}: it is longer than {LONGEST_INDEXED} bytes")));
        }
    }
    Ok(())
}

/// Counts how often a change was tried that lost against others.
#[derive(Debug, Default)]
struct Attempts(u32);

impl Attempts {
    /// Allows another attempt after a lost one. Errors: every other error, and the loss itself when it was one too many.
    fn again(&mut self, error: Error) -> Result<()> {
        self.0 += 1;
        if error.reason() == ErrorReason::Conflict && self.0 < ATTEMPTS { Ok(()) } else { Err(error) }
    }
}
