//! Who of the users is an administrator of the application.

use rollcall_api::v1::{SetAdministratorRequest, SetAdministratorResponse};
use rollcall_store::{Directory, EventKind, ResourceType, StoredResource, Transaction};
use serde_json::json;
use uuid::Uuid;

use super::{RESOURCE_TYPE, Users};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::departures::is_administrator;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::resources::View;

impl Users {
    pub(super) async fn mark(
        &self,
        caller: &Caller,
        request: SetAdministratorRequest,
    ) -> Result<SetAdministratorResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        let types = self.core.types(&directory).await?;
        let (core, directory, on) = (&self.core, &directory, request.administrator);
        let user = core
            .in_a_transaction(|mut transaction| async move {
                let user = core.mark(&mut *transaction, caller.origin(), directory, id, on).await?;
                Ok((user, transaction))
            })
            .await?;
        let (user, _) = core.user(directory, user, &View::default(), types.user()).await?.parted();
        Ok(SetAdministratorResponse { user })
    }
}

impl Core {
    /// Tells that a user is an administrator of the application by a role from now on, or none any more without it; `was`,
    /// whether it was one.
    pub(super) async fn tell_of_role(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        user: &StoredResource,
        was: bool,
    ) -> Result<()> {
        let is = is_administrator(directory, user);
        if was == is {
            return Ok(());
        }
        let facts = json!({ "administrator": { "before": was, "after": is } });
        let event =
            self.event(origin, Some(directory.id), EventKind::UserAdministratorChanged, user.id, facts);
        Ok(transaction.insert_event(&event).await?)
    }

    async fn mark(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        administrator: bool,
    ) -> Result<StoredResource> {
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let mut user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        if user.administrator == administrator {
            return Ok(user);
        }
        transaction.lock_guard(directory.id).await?;
        transaction.set_administrator(directory.id, id, administrator).await?;
        let facts = json!({ "administrator": { "before": user.administrator, "after": administrator } });
        let event = self.event(origin, Some(directory.id), EventKind::UserAdministratorChanged, id, facts);
        transaction.insert_event(&event).await?;
        user.administrator = administrator;
        Ok(user)
    }
}
