//! Changes of users within a transaction: the user, its version and its event.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::fold::fold;
use rollcall_scim::patch::{Operation, outcome as patch_outcome};
use rollcall_scim::replacement::with_immutable;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, Rules, resource};
use rollcall_store::{
    Directory, EventKind, Provenance, ResourceType, StoredDocument, StoredResource, Transaction, UserOrigin,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::RESOURCE_TYPE;
use crate::Core;
use crate::departures::{is_active, is_administrator};
use crate::error::{Error, Result};
use crate::events::{Origin, changes, tell, with_password};
use crate::passwords::{PASSWORD, PasswordChange};
use crate::resources::{Changed, Rewriting, names_of, patched, require_indexable};
use crate::sso::primary_work_address;
use crate::stopped::Departure;
use crate::types::require_known;
use crate::version::require_match;

/// A user that nobody has written yet.
#[derive(Debug)]
pub(crate) struct NewUser<'d> {
    pub(crate) user: StoredResource,
    pub(super) password: PasswordChange,
    pub(super) definition: &'d Definition,
}

/// What is to become of a user.
#[derive(Debug)]
pub(crate) struct UserChange<'d> {
    next: Next,
    password: PasswordChange,
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
    /// A PUT; the password is hashed here, so before any transaction. Errors: `INVALID_VALUE` for attributes that are none.
    pub(crate) async fn replace(
        core: &Core,
        directory: &Directory,
        user: Resource,
        if_match: Vec<String>,
        definition: &'d Definition,
    ) -> Result<Self> {
        let (attributes, password) = judge(user, definition)?;
        let password = core.sent_password(directory, password.as_ref()).await?;
        Ok(Self { next: Next::Replace(attributes), password, if_match, definition })
    }

    /// A PATCH; the password is hashed here, so before any transaction. Errors: those of operations on the password.
    pub(crate) async fn patch(
        core: &Core,
        directory: &Directory,
        operations: Vec<Operation>,
        if_match: Vec<String>,
        definition: &'d Definition,
    ) -> Result<Self> {
        let rules = directory.rules();
        let password = core.patched_password(directory, &operations, definition, rules).await?;
        Ok(Self { next: Next::Patch(operations, rules), password, if_match, definition })
    }

    /// A PUT that leaves the password alone: to find out what it makes of a user.
    pub(crate) fn replace_but_password(
        user: Resource,
        if_match: Vec<String>,
        definition: &'d Definition,
    ) -> Result<Self> {
        let (attributes, _) = judge(user, definition)?;
        let password = PasswordChange::Keep;
        Ok(Self { next: Next::Replace(attributes), password, if_match, definition })
    }

    /// A PATCH that leaves the password alone: to find out what it makes of a user.
    pub(crate) fn patch_but_password(
        operations: Vec<Operation>,
        if_match: Vec<String>,
        definition: &'d Definition,
        rules: Rules,
    ) -> Self {
        Self { next: Next::Patch(operations, rules), password: PasswordChange::Keep, if_match, definition }
    }

    /// Whether the user is replaced: it is a PUT.
    pub(crate) fn is_replacement(&self) -> bool {
        matches!(self.next, Next::Replace(_))
    }

    /// Whether the change says anything of `active` that makes nobody active; without looking at a user.
    pub(crate) fn may_deactivate(&self) -> bool {
        match &self.next {
            Next::Replace(attributes) => attributes.get("active") == Some(&Value::Bool(false)),
            Next::Patch(operations, rules) => {
                let active = patch_outcome(operations, "active", self.definition, *rules);
                !matches!(active, Err(_) | Ok(None | Some(Value::Bool(true))))
            }
        }
    }

    /// The departure that the change is, if it makes an active user inactive. Errors: those of the change.
    pub(crate) fn departure(&self, user: &StoredResource) -> Result<Option<Departure>> {
        require_match(&self.if_match, user.version)?;
        let after = self.applied_to(&user.attributes, user.id)?;
        let leaves = is_active(user) && after.get("active") != Some(&Value::Bool(true));
        Ok(leaves.then(|| Departure::deactivation(user, &after)))
    }

    /// The attributes after the change.
    fn applied_to(&self, current: &Resource, id: Uuid) -> Result<Resource> {
        match &self.next {
            Next::Replace(attributes) => {
                let mut attributes = attributes.clone();
                if let Some(active) = current.get("active") {
                    attributes.entry("active").or_insert_with(|| active.clone());
                }
                Ok(with_immutable(current, attributes, self.definition)?)
            }
            Next::Patch(operations, rules) => {
                let mut patched = patched(current, id, operations, self.definition, *rules)?;
                take_unkept(&mut patched);
                Ok(patched)
            }
        }
    }
}

impl Core {
    /// A new user, that nobody has written yet; the password is hashed here, so before any transaction.
    pub(crate) async fn new_user<'d>(
        &self,
        directory: &Directory,
        user: Resource,
        definition: &'d Definition,
        origin: UserOrigin,
    ) -> Result<NewUser<'d>> {
        let (mut attributes, password) = judge(user, definition)?;
        let password = self.sent_password(directory, password.as_ref()).await?;
        attributes.entry("active").or_insert(Value::Bool(true));
        let now = self.clock.now();
        let user = StoredResource {
            resource_type: ResourceType::User,
            id: self.new_id(),
            version: 1,
            created: now,
            modified: now,
            attributes: resource::in_order(attributes, definition),
            groups: Vec::new(),
            administrator: false,
            origin: Some(origin),
            scim_managed: origin == UserOrigin::Scim,
        };
        Ok(NewUser { user, password, definition })
    }

    /// Adds a user, whoever may have had its keys before.
    pub(crate) async fn insert_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        new: &NewUser<'_>,
    ) -> Result<()> {
        let user = &new.user;
        let event = self.event_to_come(origin, directory, EventKind::UserCreated, user.id);
        let facts = self.add_resource(transaction, directory, user, new.definition, &event).await?;
        let has_password = new.password.write(transaction, directory, user.id).await?;
        let event = event.of(user.version).telling(with_password(facts, has_password));
        tell(transaction, origin, event).await?;
        self.tell_of_role(transaction, origin, directory, user, false).await
    }

    /// Changes a user. What changes nothing moves neither the version nor the time, and writes no event but that the identity
    /// provider has adopted the user, if it has. `ahead` is the user as it was read with the credential.
    ///
    /// Errors: also those of [`let_leave`](Self::let_leave).
    pub(crate) async fn change_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        change: &UserChange<'_>,
        ahead: Option<StoredDocument>,
    ) -> Result<Changed> {
        self.hold_schemas(transaction, directory).await?;
        let user = transaction.resource_to_change(directory.id, ResourceType::User, id, ahead).await?;
        let mut user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(&change.if_match, user.version)?;
        require_known(&user.attributes, change.definition)?;
        let attributes = change.applied_to(&user.attributes, id)?;
        if attributes.get("active") == Some(&Value::Bool(true)) {
            self.let_lose_roles(transaction, origin, directory, &user, &attributes).await?;
        } else {
            let departure = || Departure::deactivation(&user, &attributes);
            self.let_leave(transaction, origin, directory, &user, departure).await?;
        }
        let is_new_password = change.password.write(transaction, directory, id).await?;
        let is_adopted = self.adopt(transaction, origin, directory, &mut user).await?;
        if attributes == user.attributes && !is_new_password {
            return Ok(Changed { resource: user, names: Vec::new(), is_adopted });
        }
        let was_administrator = is_administrator(directory, &user);
        let event = self.event_to_come(origin, directory, EventKind::UserUpdated, id);
        let others = Provenance::of(&event, is_new_password.then_some(PASSWORD));
        let by = Rewriting { event: &event, others };
        let facts = self
            .rewrite_resource(transaction, directory, &mut user, attributes, change.definition, by)
            .await?;
        let facts = with_password(facts, is_new_password);
        let names = names_of(&facts);
        tell(transaction, origin, event.of(user.version).telling(facts)).await?;
        self.tell_of_role(transaction, origin, directory, &user, was_administrator).await?;
        Ok(Changed { resource: user, names, is_adopted })
    }

    /// Lets an identity provider that writes to a user manage it from now on, and says whether it did not before. That is no
    /// attribute, and moves neither the version nor the time.
    pub(crate) async fn adopt(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        user: &mut StoredResource,
    ) -> Result<bool> {
        if user.scim_managed || origin.party.is_inside() {
            return Ok(false);
        }
        user.scim_managed = true;
        transaction.adopt_user(directory.id, user.id).await?;
        let facts = json!({ "scim_managed": { "before": false, "after": true } });
        let event = self.event(origin, Some(directory.id), EventKind::UserAdopted, user.id, facts);
        transaction.insert_event(&event).await?;
        Ok(true)
    }

    /// Deletes a user, who leaves every group, and is kept for as long as the directory wants.
    ///
    /// Errors: also those of [`let_leave`](Self::let_leave).
    pub(crate) async fn delete_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
    ) -> Result<()> {
        let groups = transaction.hold_groups_of(directory.id, id).await?;
        let user = transaction.resource_to_delete(directory.id, ResourceType::User, id).await?;
        let user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(if_match, user.version)?;
        self.let_leave(transaction, origin, directory, &user, || Departure::deletion(&user)).await?;
        self.leave_groups(transaction, origin, directory, id, &groups).await?;
        if directory.safeguards.retention_days == 0 {
            transaction.delete_resource(directory.id, ResourceType::User, id).await?;
        } else {
            let address = primary_work_address(&user.attributes).map(fold);
            let now = self.clock.now();
            transaction.retire_user(directory.id, id, now, origin.actor, address.as_deref()).await?;
        }
        let facts = changes(&user.attributes, &Resource::new());
        let event =
            self.event(origin, Some(directory.id), EventKind::UserDeleted, id, facts).of(user.version);
        Ok(tell(transaction, origin, event).await?)
    }

    /// Takes a user or group out of every group; `held` are those that it was in and that are held.
    pub(crate) async fn leave_groups(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        member: Uuid,
        held: &[Uuid],
    ) -> Result<()> {
        let facts = json!({ "members": { "removed": [member.to_string()] } });
        let mut event = |group| {
            self.event_to_come(origin, directory, EventKind::GroupUpdated, group).telling(facts.clone())
        };
        for event in transaction.leave_groups(directory.id, member, held, &mut event).await? {
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
            ErrorReason::TooMany,
            format!("Operations: {count} are more than the {limit} allowed in one PATCH"),
        ))
    }
}

/// Judges the attributes that a client sent for a whole user, among which the password does not stay.
fn judge(user: Resource, definition: &Definition) -> Result<(Resource, Option<SecretString>)> {
    let mut attributes = resource::normalize_attributes(user, definition)?;
    let password = take_password(&mut attributes);
    take_unkept(&mut attributes);
    require_indexable(&attributes)?;
    Ok((attributes, password))
}

fn take_password(attributes: &mut Resource) -> Option<SecretString> {
    match attributes.shift_remove(PASSWORD) {
        Some(Value::String(password)) => Some(password.into()),
        _ => None,
    }
}

/// Takes out what has been checked and is not kept among the attributes: the password, which is kept elsewhere if at all,
/// and the `$ref` of a manager, which follows from its `value`.
fn take_unkept(attributes: &mut Resource) {
    take_password(attributes);
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
