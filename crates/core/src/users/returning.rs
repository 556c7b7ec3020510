//! Users who return: a create of one who was deleted or is inactive restores that user, where the directory wants it.

mod keys;

use rollcall_api::v1::ErrorReason;
use rollcall_scim::Resource;
use rollcall_scim::replacement::with_immutable;
use rollcall_store::{
    Directory, Event, EventKind, Presence, Provenance, ResourceType, StoredResource, Transaction,
};
use serde_json::Value;
use uuid::Uuid;

use self::keys::Keys;
use super::changes::NewUser;
use crate::Core;
use crate::departures::is_administrator;
use crate::error::{Error, Result};
use crate::events::{Origin, changes, tell, with_password};
use crate::passwords::PASSWORD;
use crate::resources::{Changed, Rewriting, names_of};

/// A user who has returned, what changed if anything did, and whether the user was an administrator before.
type Woken = (StoredResource, Option<Value>, bool);

/// What is known of whether somebody returns.
#[derive(Debug, Default)]
pub(crate) struct Returning {
    /// The deleted or inactive user who does.
    pub(crate) who: Option<(Uuid, Presence)>,
    /// Why it is that one, or why it is not one who might be thought of: for the activity log.
    pub(crate) notes: Vec<String>,
}

impl Core {
    /// Creates a user, or restores the one who returns, and then says who that is.
    ///
    /// Errors: `UNIQUENESS` where the userName is taken.
    pub(crate) async fn create_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        new: &NewUser<'_>,
    ) -> Result<Option<Changed>> {
        let returning = self.returning_user(transaction, directory, &new.user.attributes).await?;
        for note in returning.notes {
            origin.note(&note);
        }
        let Some((id, presence)) = returning.who else {
            self.insert_user(transaction, origin, directory, new).await?;
            return Ok(None);
        };
        let event = self.event_to_come(origin, directory, EventKind::UserRestored, id);
        let (mut user, facts, was_administrator) = match presence {
            Presence::Departed => self.bring_back(transaction, directory, new, &event).await?,
            Presence::Inactive | Presence::Active => self.wake(transaction, directory, new, &event).await?,
        };
        let names = facts.as_ref().map(names_of).unwrap_or_default();
        if let Some(facts) = facts {
            tell(transaction, origin, event.of(user.version).telling(facts)).await?;
            self.tell_of_role(transaction, origin, directory, &user, was_administrator).await?;
        }
        let is_adopted = self.adopt(transaction, origin, directory, &mut user).await?;
        Ok(Some(Changed { resource: user, names, is_adopted }))
    }

    /// Whom a create with these attributes restores.
    ///
    /// Errors: `UNIQUENESS` where an inactive other person holds the userName; `CONFLICT` where somebody with one of the keys
    /// was being deleted.
    pub(crate) async fn returning_user(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        attributes: &Resource,
    ) -> Result<Returning> {
        let rules = directory.rules();
        if !rules.returning_users_are_restored {
            return Ok(Returning::default());
        }
        let keys = Keys::of(attributes, rules.external_ids_are_stable);
        let user_name = text(attributes, "userName").unwrap_or_default();
        let namesakes = transaction.namesakes(directory.id, keys.external_id, user_name).await?;
        for there in namesakes.iter().filter(|namesake| namesake.presence != Presence::Departed) {
            // Whoever is being deleted at this moment is to be found among the departed.
            if transaction.resource(directory.id, ResourceType::User, there.id).await?.is_none() {
                return Err(returned_already());
            }
        }
        keys.judge(&namesakes)
    }

    /// Restores a deleted user: with its id and the attributes of the new one, and nothing that hung on it.
    async fn bring_back(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        new: &NewUser<'_>,
        event: &Event,
    ) -> Result<Woken> {
        let id = event.subject;
        let mut user =
            transaction.take_departed_user(directory.id, id).await?.ok_or_else(returned_already)?;
        let attributes = with_immutable(&user.attributes, new.user.attributes.clone(), new.definition)?;
        let before = std::mem::replace(&mut user.attributes, attributes);
        user.scim_managed |= new.user.scim_managed;
        user.version += 1;
        user.modified = self.clock.now().max(user.modified);
        self.add_resource(transaction, directory, &user, new.definition, event).await?;
        let has_password = new.password.write(transaction, directory, id).await?;
        let facts = with_password(changes(&before, &user.attributes), has_password);
        Ok((user, Some(facts), false))
    }

    /// Restores an inactive user, whose memberships and password stay. There may be nothing to change, and to tell.
    async fn wake(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        new: &NewUser<'_>,
        event: &Event,
    ) -> Result<Woken> {
        let id = event.subject;
        self.hold_schemas(transaction, directory).await?;
        let user = transaction.resource(directory.id, ResourceType::User, id).await?;
        let is_active = |user: &StoredResource| user.attributes.get("active") == Some(&Value::Bool(true));
        let mut user = user.filter(|user| !is_active(user)).ok_or_else(returned_already)?;
        let attributes = with_immutable(&user.attributes, new.user.attributes.clone(), new.definition)?;
        let was_administrator = is_administrator(directory, &user);
        let is_new_password = new.password.write(transaction, directory, id).await?;
        if attributes == user.attributes && !is_new_password {
            return Ok((user, None, was_administrator));
        }
        let others = Provenance::of(event, is_new_password.then_some(PASSWORD));
        let by = Rewriting { event, others };
        let facts =
            self.rewrite_resource(transaction, directory, &mut user, attributes, new.definition, by).await?;
        Ok((user, Some(with_password(facts, is_new_password)), was_administrator))
    }
}

/// Another request restored or purged the user since this one saw that it could. Tried again, this one sees that too.
fn returned_already() -> Error {
    Error::new(ErrorReason::Conflict, "the user returned by another request at this moment; send it again")
}

fn text<'r>(attributes: &'r Resource, name: &str) -> Option<&'r str> {
    attributes.get(name).and_then(Value::as_str)
}
