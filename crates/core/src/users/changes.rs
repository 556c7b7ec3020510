//! Changes of users within a transaction: the user, its version and its event.

use rollcall_api::v1::{PatchOperation, User};
use rollcall_api::{patch, user};
use rollcall_scim::patch::Operation;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, Rules, builtin, resource};
use rollcall_store::{Directory, Draft, EventKind, ResourceType, StoredResource, Transaction};
use serde_json::{Value, json};
use uuid::Uuid;

use super::RESOURCE_TYPE;
use crate::Core;
use crate::error::{Error, Result};
use crate::events::{Origin, changes};
use crate::resources::{require_indexable, search_form};
use crate::version::require_match;

/// What is to become of a user.
#[derive(Debug)]
pub(crate) struct UserChange<'d> {
    next: Next,
    if_match: Vec<String>,
    definition: &'d Definition,
}

#[derive(Debug)]
enum Next {
    /// These are its attributes.
    Replace(Resource),
    /// These operations make them.
    Patch(Vec<Operation>, Rules),
}

impl<'d> UserChange<'d> {
    /// A PUT. Errors: `INVALID_VALUE` for attributes that are none.
    pub(crate) fn replace(
        user: Option<User>,
        if_match: Vec<String>,
        definition: &'d Definition,
    ) -> Result<Self> {
        Ok(Self { next: Next::Replace(judge(user, definition)?), if_match, definition })
    }

    /// A PATCH. Errors: `INVALID_SYNTAX` for operations that are none.
    pub(crate) fn patch(
        operations: Vec<PatchOperation>,
        if_match: Vec<String>,
        definition: &'d Definition,
        rules: Rules,
    ) -> Result<Self> {
        Ok(Self { next: Next::Patch(patch::from_messages(operations)?, rules), if_match, definition })
    }

    /// The attributes after the change.
    fn applied_to(&self, current: &Resource, id: Uuid) -> Result<Resource> {
        match &self.next {
            Next::Replace(attributes) => {
                let mut attributes = attributes.clone();
                if let Some(active) = current.get("active") {
                    attributes.entry("active").or_insert_with(|| active.clone());
                }
                Ok(attributes)
            }
            Next::Patch(operations, rules) => {
                let id = id.to_string();
                let mut patched =
                    rollcall_scim::patch::apply(current, &id, operations, self.definition, *rules)?;
                discard_unkept(&mut patched);
                require_indexable(&patched)?;
                Ok(patched)
            }
        }
    }
}

impl Core {
    /// A new user, that nobody has written yet.
    pub(crate) fn new_user(&self, user: Option<User>, definition: &Definition) -> Result<StoredResource> {
        let mut attributes = judge(user, definition)?;
        attributes.entry("active").or_insert(Value::Bool(true));
        let now = self.clock.now();
        Ok(StoredResource {
            resource_type: ResourceType::User,
            id: self.new_id(),
            version: 1,
            created: now,
            modified: now,
            attributes,
            is_member: false,
        })
    }

    /// Adds a user.
    pub(crate) async fn insert_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        user: &StoredResource,
    ) -> Result<()> {
        let search = search_form(&user.attributes, builtin::user());
        let draft = Draft { resource: user, search: &search, unique: true };
        transaction.insert_resource(directory.id, draft).await?;
        let facts = changes(&Resource::new(), &user.attributes);
        let event =
            self.event(origin, Some(directory.id), EventKind::UserCreated, user.id, facts).of(user.version);
        Ok(transaction.insert_event(&event).await?)
    }

    /// Changes a user. What changes nothing moves neither the version nor the time, and writes no event.
    pub(crate) async fn change_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        change: &UserChange<'_>,
    ) -> Result<StoredResource> {
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let mut user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(&change.if_match, user.version)?;
        let attributes = change.applied_to(&user.attributes, id)?;
        if attributes == user.attributes {
            return Ok(user);
        }
        let before = std::mem::replace(&mut user.attributes, attributes);
        user.version += 1;
        user.modified = self.clock.now().max(user.modified);
        let search = search_form(&user.attributes, change.definition);
        let draft = Draft { resource: &user, search: &search, unique: true };
        transaction.update_resource(directory.id, draft, &before).await?;
        let facts = changes(&before, &user.attributes);
        let event =
            self.event(origin, Some(directory.id), EventKind::UserUpdated, id, facts).of(user.version);
        transaction.insert_event(&event).await?;
        Ok(user)
    }

    /// Deletes a user, who leaves every group.
    pub(crate) async fn delete_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
    ) -> Result<()> {
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(if_match, user.version)?;
        self.leave_groups(transaction, origin, directory, id).await?;
        transaction.delete_resource(directory.id, ResourceType::User, id).await?;
        let facts = changes(&user.attributes, &Resource::new());
        let event =
            self.event(origin, Some(directory.id), EventKind::UserDeleted, id, facts).of(user.version);
        Ok(transaction.insert_event(&event).await?)
    }

    /// Takes a user or group out of every group.
    pub(crate) async fn leave_groups(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        member: Uuid,
    ) -> Result<()> {
        for (group, version) in transaction.leave_groups(directory.id, member, self.clock.now()).await? {
            let facts = json!({ "members": { "removed": [member.to_string()] } });
            let event =
                self.event(origin, Some(directory.id), EventKind::GroupUpdated, group, facts).of(version);
            transaction.insert_event(&event).await?;
        }
        Ok(())
    }

    /// Refuses a PATCH with too many operations. Errors: `TOO_MANY`.
    pub(crate) fn require_few_operations(&self, count: usize) -> Result<()> {
        let limit = self.limits.max_patch_operations;
        if count <= limit {
            return Ok(());
        }
        Err(Error::new(
            rollcall_api::v1::ErrorReason::TooMany,
            format!("Operations: {count} are more than the {limit} allowed in one PATCH"),
        ))
    }
}

/// Judges the attributes that a client sent for a whole user.
fn judge(user: Option<User>, definition: &Definition) -> Result<Resource> {
    let user = user.ok_or_else(|| Error::value("user: it is missing"))?;
    let mut attributes = resource::normalize_attributes(user::into_resource(user), definition)?;
    discard_unkept(&mut attributes);
    require_indexable(&attributes)?;
    Ok(attributes)
}

/// Takes out what has been checked and is not kept: the placeholder password that Okta sends with every create, and
/// the `$ref` of a manager, which follows from its `value`.
fn discard_unkept(attributes: &mut Resource) {
    attributes.shift_remove("password");
    let Some(Value::Object(extension)) = attributes.get_mut(ENTERPRISE_USER) else { return };
    if let Some(Value::Object(manager)) = extension.get_mut("manager") {
        manager.shift_remove("$ref");
        if manager.is_empty() {
            extension.shift_remove("manager");
        }
    }
    if extension.is_empty() {
        attributes.shift_remove(ENTERPRISE_USER);
    }
}
