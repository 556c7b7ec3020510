//! Users who were deleted, as administrators and services of the application see them, and bring them back.

use rollcall_api::v1::{
    DeletedUser, ErrorReason, ListDeletedUsersRequest, ListDeletedUsersResponse, RestoreUserRequest,
    RestoreUserResponse,
};
use rollcall_scim::{Definition, Resource};
use rollcall_store::{
    DepartedQuery, DepartedUser, Directory, EventKind, Key, Presence, ResourceType, SortValue,
    StoredResource, Transaction,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::departed::DAY;
use super::{RESOURCE_TYPE, Users, user_message};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::clock::LATEST;
use crate::credentials::timestamp;
use crate::error::{Error, Result};
use crate::events::{Origin, changes, credential_message};
use crate::page_token::Binding;
use crate::resources::{View, date_time};
use crate::texts::require_storable;
use crate::types::require_known;

/// Users in a page when the caller does not say.
const DEFAULT_PAGE_SIZE: u32 = 100;
/// Users in a page at most.
const MAX_PAGE_SIZE: u32 = 1000;

impl Users {
    pub(super) async fn list_deleted(
        &self,
        caller: &Caller,
        request: ListDeletedUsersRequest,
    ) -> Result<ListDeletedUsersResponse> {
        require_inside(caller)?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        require_storable("user_name_prefix", &request.user_name_prefix)?;
        let size = match u32::try_from(request.page_size) {
            Ok(0) => DEFAULT_PAGE_SIZE,
            Ok(size) => size.min(MAX_PAGE_SIZE),
            Err(_) => return Err(Error::value("page_size: it is negative")),
        };
        let binding = Binding::new(directory.id, "deleted users", &[&request.user_name_prefix]);
        let behind = match request.page_token.as_str() {
            "" => None,
            token => place(&self.core.open(token, size, &binding).await?),
        };
        let query = DepartedQuery {
            deleted_after: self.core.kept_since(&directory),
            user_name_prefix: &request.user_name_prefix,
            behind,
            limit: size + 1,
        };
        let mut users = self.core.store.departed_users(directory.id, &query).await?;
        let total = self.core.store.count_departed_users(directory.id, &query).await?;
        let has_more = users.len() > size as usize;
        users.truncate(size as usize);
        let next_page_token = match users.last().filter(|_| has_more) {
            Some(last) => {
                let value = Some(SortValue::Integer(last.user.modified));
                self.core.seal(Key { value, id: last.user.id }, size, &binding).await?
            }
            None => String::new(),
        };
        let types = self.core.types(&directory).await?;
        let users = users.into_iter().map(|user| message(user, &directory, types.user()));
        Ok(ListDeletedUsersResponse {
            users: users.collect(),
            next_page_token,
            total_results: i64::try_from(total).unwrap_or(i64::MAX),
        })
    }

    pub(super) async fn restore(
        &self,
        caller: &Caller,
        request: RestoreUserRequest,
    ) -> Result<RestoreUserResponse> {
        require_inside(caller)?;
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        if directory.safeguards.retention_days == 0 {
            return Err(Error::new(
                ErrorReason::Forbidden,
                format!("the directory {:?} keeps no deleted users: its retention is 0 days", directory.name),
            ));
        }
        let types = self.core.types(&directory).await?;
        let (core, directory, definition) = (&self.core, &directory, types.user());
        let user = core
            .in_a_transaction(|mut transaction| async move {
                let origin = caller.origin();
                let user = core.restore(&mut *transaction, origin, directory, id, definition).await?;
                Ok((user, transaction))
            })
            .await?;
        let (user, _) = core.user(directory, user, &View::default(), definition).await?.parted();
        Ok(RestoreUserResponse { user })
    }
}

impl Core {
    /// Brings a deleted user back as it was.
    async fn restore(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        definition: &Definition,
    ) -> Result<StoredResource> {
        let departed = transaction.take_departed_user(directory.id, id).await?;
        let Some(mut user) = departed.filter(|user| user.modified > self.kept_since(directory)) else {
            let there = transaction.resource(directory.id, ResourceType::User, id).await?;
            return Err(there.map_or_else(|| not_kept(id), |_| is_there(id)));
        };
        let deleted = user.modified;
        self.hold_schemas(transaction, directory).await?;
        if directory.schemas_version == 0 {
            require_known(&user.attributes, definition)?;
        }
        drop_unknown(&mut user.attributes, definition);
        self.require_free_user_name(transaction, directory, &user).await?;
        user.version += 1;
        user.modified = self.clock.now().max(deleted);
        let event = self.event_to_come(origin, directory, EventKind::UserRestored, id);
        self.add_resource(transaction, directory, &user, definition, &event).await?;
        let event = event.of(user.version);
        let facts = changes(&Resource::new(), &user.attributes);
        transaction.insert_event(&event.clone().telling(facts)).await?;
        // The audit log is kept for good, and so is no place for what is known of people.
        let facts = json!({ "deleted": { "before": date_time(deleted), "after": null } });
        transaction.insert_audit_record(&event.telling(facts)).await?;
        self.tell_of_role(transaction, origin, directory, &user, false).await?;
        Ok(user)
    }

    /// Refuses to bring somebody back whose userName is another one's by now. Errors: `UNIQUENESS`.
    async fn require_free_user_name(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        user: &StoredResource,
    ) -> Result<()> {
        let name = user.attributes.get("userName").and_then(Value::as_str).unwrap_or_default();
        let namesakes = transaction.namesakes(directory.id, None, name).await?;
        match namesakes.iter().find(|other| other.presence != Presence::Departed) {
            None => Ok(()),
            Some(holder) => Err(Error::new(
                ErrorReason::Uniqueness,
                format!(
                    "userName: the user {} has {name:?} by now; rename or delete that user first",
                    holder.id
                ),
            )),
        }
    }

    /// Who was deleted at this time, in µs, or before is not kept any more.
    fn kept_since(&self, directory: &Directory) -> i64 {
        self.clock.now() - retention(directory)
    }
}

/// For how long a directory keeps its deleted users, in µs.
fn retention(directory: &Directory) -> i64 {
    i64::from(directory.safeguards.retention_days) * DAY
}

/// Refuses an identity provider: to it a deleted user is not there. Errors: `FORBIDDEN`.
fn require_inside(caller: &Caller) -> Result<()> {
    if caller.is_identity_provider() {
        return Err(Error::new(
            ErrorReason::Forbidden,
            "deleted users are the business of administrators and services; an identity provider restores by creating",
        ));
    }
    Ok(())
}

/// Leaves out the values of schemas that the directory does not have any more.
fn drop_unknown(attributes: &mut Resource, definition: &Definition) {
    attributes.retain(|name, _| !name.starts_with("urn:") || definition.extension(name).is_some());
}

/// Where a page of the list begins.
fn place(key: &Key) -> Option<(i64, Uuid)> {
    match key.value {
        Some(SortValue::Integer(deleted)) => Some((deleted, key.id)),
        _ => None,
    }
}

fn message(departed: DepartedUser, directory: &Directory, definition: &Definition) -> DeletedUser {
    let DepartedUser { user, deleted_by, author } = departed;
    let deleted = user.modified;
    DeletedUser {
        user: Some(user_message(directory, user, &[], &View::default(), definition)),
        deleted_time: Some(timestamp(deleted)),
        // An older version let in any time with an import.
        purge_time: Some(timestamp(deleted.saturating_add(retention(directory)).min(LATEST))),
        deleted_by: deleted_by.map(|id| credential_message(id, author)),
    }
}

fn not_kept(id: Uuid) -> Error {
    Error::new(
        ErrorReason::NotFound,
        format!(
            "there is no deleted user with the id {:?}: it never existed, or was kept until its time was over",
            id.to_string()
        ),
    )
}

fn is_there(id: Uuid) -> Error {
    Error::new(ErrorReason::Uniqueness, format!("the user {id} is there, and not deleted"))
}

#[cfg(test)]
mod tests {
    use rollcall_scim::schema::ENTERPRISE_USER;

    use super::*;

    #[test]
    fn values_of_schemas_that_are_gone_do_not_come_back() {
        let types = crate::types::Types::default();
        let Value::Object(mut attributes) = json!({
            "userName": "ana",
            ENTERPRISE_USER: { "department": "Sales" },
            "urn:example:gone:User": { "badge": 7 },
        }) else {
            panic!("an object")
        };
        drop_unknown(&mut attributes, types.user());
        assert_eq!(attributes.keys().collect::<Vec<_>>(), ["userName", ENTERPRISE_USER]);
    }
}
