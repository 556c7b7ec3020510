//! Users who return: a create of one who was deleted or is inactive restores that user, where the directory wants it.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::Resource;
use rollcall_scim::replacement::with_immutable;
use rollcall_store::{
    Directory, Event, EventKind, Namesake, Presence, Provenance, ResourceType, StoredResource, Transaction,
};
use serde_json::Value;
use uuid::Uuid;

use super::changes::NewUser;
use crate::Core;
use crate::departures::is_administrator;
use crate::error::{Error, Result};
use crate::events::{Origin, changes, tell, with_password};
use crate::passwords::PASSWORD;
use crate::resources::{Changed, Rewriting, names_of};

/// A user who has returned, what changed if anything did, and whether the user was an administrator before.
type Woken = (StoredResource, Option<Value>, bool);

impl Core {
    /// Creates a user, or restores the one who returns, and then says who that is.
    ///
    /// Errors: `UNIQUENESS` where the userName is taken, or the keys are those of several users.
    pub(crate) async fn create_user(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        new: &NewUser<'_>,
    ) -> Result<Option<Changed>> {
        let returning = self.returning_user(transaction, directory, &new.user.attributes).await?;
        let Some((id, presence)) = returning else {
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

    /// The deleted or inactive user whom a create with these attributes restores.
    pub(crate) async fn returning_user(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        attributes: &Resource,
    ) -> Result<Option<(Uuid, Presence)>> {
        if !directory.rules().returning_users_are_restored {
            return Ok(None);
        }
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        let (external_id, user_name) = (text("externalId"), text("userName").unwrap_or_default());
        let namesakes = transaction.namesakes(directory.id, external_id, user_name).await?;
        Ok(returning(&namesakes, external_id)?.map(|user| (user.id, user.presence)))
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

/// Of the users who have the externalId or the userName of one who is to be made, the one who is that person and can be
/// restored: by externalId, and where one of the two has none, by userName.
///
/// Errors: `UNIQUENESS` where the keys are those of several users, and where an inactive other person holds the userName.
fn returning<'n>(namesakes: &'n [Namesake], external_id: Option<&str>) -> Result<Option<&'n Namesake>> {
    let is_same = |user: &&Namesake| match (user.external_id.as_deref(), external_id) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => user.has_user_name,
    };
    let same: Vec<&Namesake> = namesakes.iter().filter(is_same).collect();
    let returning = match same.as_slice() {
        all if all.iter().all(|user| user.presence == Presence::Active) => None,
        [one] => Some(*one),
        several => return Err(several_are_meant(several)),
    };
    let holds_name = |user: &&Namesake| {
        user.has_user_name && user.presence == Presence::Inactive && !same.iter().any(|one| one.id == user.id)
    };
    match namesakes.iter().find(holds_name) {
        Some(other) => Err(held_by_another_person(other)),
        None => Ok(returning),
    }
}

fn several_are_meant(users: &[&Namesake]) -> Error {
    let named: Vec<String> = users
        .iter()
        .map(|user| {
            let presence = match user.presence {
                Presence::Active => "active",
                Presence::Inactive => "inactive",
                Presence::Departed => "deleted",
            };
            format!("{} ({presence})", user.id)
        })
        .collect();
    Error::new(
        ErrorReason::Uniqueness,
        format!(
            "externalId, userName: they are those of several users, and which of them returns is not clear: {}",
            named.join(", ")
        ),
    )
}

fn held_by_another_person(user: &Namesake) -> Error {
    Error::new(
        ErrorReason::Uniqueness,
        format!(
            "userName: the inactive user {} has it, whose externalId is another one; rename or delete that user first",
            user.id
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u128, external_id: Option<&str>, has_user_name: bool, presence: Presence) -> Namesake {
        Namesake {
            id: Uuid::from_u128(number),
            external_id: external_id.map(str::to_owned),
            has_user_name,
            presence,
        }
    }

    fn who(namesakes: &[Namesake], external_id: Option<&str>) -> Option<u128> {
        returning(namesakes, external_id).unwrap().map(|user| user.id.as_u128())
    }

    #[test]
    fn the_external_id_says_who_returns_and_where_one_has_none_the_user_name() {
        for presence in [Presence::Departed, Presence::Inactive] {
            assert_eq!(who(&[user(1, Some("e"), false, presence)], Some("e")), Some(1));
            assert_eq!(who(&[user(1, None, true, presence)], Some("e")), Some(1));
            assert_eq!(who(&[user(1, Some("e"), true, presence)], None), Some(1));
            assert_eq!(who(&[user(1, None, true, presence)], None), Some(1));
        }
        assert_eq!(who(&[], Some("e")), None);
    }

    #[test]
    fn nobody_who_is_there_returns() {
        assert_eq!(who(&[user(1, Some("e"), true, Presence::Active)], Some("e")), None);
        assert_eq!(who(&[user(1, Some("e"), false, Presence::Active)], Some("e")), None);
    }

    #[test]
    fn another_external_id_is_another_person() {
        assert_eq!(who(&[user(1, Some("other"), true, Presence::Departed)], Some("e")), None);
        let error = returning(&[user(1, Some("other"), true, Presence::Inactive)], Some("e")).unwrap_err();
        assert_eq!(error.reason(), ErrorReason::Uniqueness);
        assert!(error.to_string().contains(&Uuid::from_u128(1).to_string()), "{error}");
    }

    #[test]
    fn keys_of_several_users_are_refused_and_all_are_named() {
        let several = [
            user(1, Some("e"), false, Presence::Departed),
            user(2, None, true, Presence::Active),
            user(3, Some("other"), true, Presence::Departed),
        ];
        let error = returning(&several, Some("e")).unwrap_err();
        assert_eq!(error.reason(), ErrorReason::Uniqueness);
        let text = error.to_string();
        assert!(text.contains(&format!("{} (deleted)", Uuid::from_u128(1))), "{text}");
        assert!(text.contains(&format!("{} (active)", Uuid::from_u128(2))), "{text}");
        assert!(!text.contains(&Uuid::from_u128(3).to_string()), "{text}");
    }
}
