//! How users and groups are written: the transaction of a change, and the row with what hangs on it.

use rollcall_scim::{Definition, Resource, resource};
use rollcall_store::{Directory, Draft, Event, Provenance, ResourceType, StoredResource, Transaction};
use serde_json::Value;
use uuid::Uuid;

use super::{Retries, search_form};
use crate::Core;
use crate::error::{Error, Result};
use crate::events::changes;

impl Core {
    /// Makes a change in a transaction of its own, and again where it lost against another one. The change gives the
    /// transaction back to be saved. What a guard rail stopped is recorded.
    pub(crate) async fn in_a_transaction<T, Changing>(
        &self,
        change: impl Fn(Box<dyn Transaction>) -> Changing,
    ) -> Result<T>
    where
        Changing: Future<Output = Result<(T, Box<dyn Transaction>)>>,
    {
        let mut retries = Retries::default();
        loop {
            let transaction =
                if retries.are_none() { self.store.begin().await? } else { self.store.begin_again().await? };
            match try_once(&change, transaction).await {
                Ok(done) => return Ok(done),
                Err(error) => match error.into_stopped() {
                    Ok(stopped) => retries.again(self.hold_back(stopped).await)?,
                    Err(error) => retries.again(error)?,
                },
            }
        }
    }

    /// What a resource is to become, as it has been judged. Errors: `NOT_FOUND` where it is not there, whatever else is wrong.
    pub(crate) async fn of_resource<T>(
        &self,
        directory: &Directory,
        resource_type: ResourceType,
        id: Uuid,
        judged: Result<T>,
    ) -> Result<T> {
        let error = match judged {
            Ok(change) => return Ok(change),
            Err(error) => error,
        };
        match self.store.resource(directory.id, resource_type, id).await? {
            Some(_) => Err(error),
            None => Err(Error::not_found(resource_type.as_str(), &id.to_string())),
        }
    }

    /// Adds a resource, by an event that is yet to be written. Returns what the event tells of it.
    pub(crate) async fn add_resource(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        resource: &StoredResource,
        definition: &Definition,
        event: &Event,
    ) -> Result<Value> {
        self.hold_schemas(transaction, directory).await?;
        let search = search_form(&resource.attributes, definition);
        let unique = has_unique_name(directory, resource.resource_type);
        let provenance = Provenance::of_new(event);
        let draft = Draft { resource, search: &search, unique, provenance: &provenance };
        transaction.insert_resource(directory.id, draft).await?;
        self.write_unique_values(transaction, directory, resource, &search, None, definition).await?;
        Ok(changes(&Resource::new(), &resource.attributes))
    }

    /// Gives a resource other attributes, and with them its next version. Returns what its event tells of it.
    pub(crate) async fn rewrite_resource(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        resource: &mut StoredResource,
        attributes: Resource,
        definition: &Definition,
        by: Rewriting<'_>,
    ) -> Result<Value> {
        let attributes = resource::in_order(attributes, definition);
        let before = std::mem::replace(&mut resource.attributes, attributes);
        resource.version += 1;
        resource.modified = self.clock.now().max(resource.modified);
        let search = search_form(&resource.attributes, definition);
        let unique = has_unique_name(directory, resource.resource_type);
        let facts = changes(&before, &resource.attributes);
        let changed = facts.as_object().into_iter().flat_map(|facts| facts.keys().map(String::as_str));
        let provenance = by.others.and(by.event, changed);
        let draft = Draft { resource, search: &search, unique, provenance: &provenance };
        transaction.update_resource(directory.id, draft, &before).await?;
        self.write_unique_values(transaction, directory, resource, &search, Some(&before), definition)
            .await?;
        Ok(facts)
    }
}

async fn try_once<T, Changing>(
    change: &impl Fn(Box<dyn Transaction>) -> Changing,
    transaction: Box<dyn Transaction>,
) -> Result<T>
where
    Changing: Future<Output = Result<(T, Box<dyn Transaction>)>>,
{
    let (done, transaction) = change(transaction).await?;
    transaction.save().await?;
    Ok(done)
}

/// A resource after a change.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) resource: StoredResource,
    /// The names of the attributes that changed; none, nothing did.
    pub(crate) names: Vec<String>,
    /// Whether the identity provider manages it from now on, and did not before.
    pub(crate) is_adopted: bool,
}

/// The names of the attributes whose changes an event tells: those of an extension each by its own.
pub(crate) fn names_of(facts: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (name, change) in facts.as_object().into_iter().flatten() {
        let side = |side: &str| change.get(side).and_then(Value::as_object);
        let (before, after) = (side("before"), side("after"));
        if !name.contains(':') || (before.is_none() && after.is_none()) {
            names.push(name.clone());
            continue;
        }
        let none = Resource::new();
        let inner =
            changes(&before.map_or_else(|| none.clone(), Clone::clone), &after.map_or(none, Clone::clone));
        names.extend(inner.as_object().into_iter().flatten().map(|(inner, _)| format!("{name}:{inner}")));
    }
    names
}

/// What a resource is rewritten by: events that are yet to be written.
#[derive(Debug)]
pub(crate) struct Rewriting<'a> {
    /// The event that tells of the attributes.
    pub(crate) event: &'a Event,
    /// What else changes with them.
    pub(crate) others: Provenance,
}

/// Whether nobody else of the type may have the name of a resource of the directory.
fn has_unique_name(directory: &Directory, resource_type: ResourceType) -> bool {
    match resource_type {
        ResourceType::User => true,
        ResourceType::Group => directory.rules().group_names_are_unique,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_of_an_extension_are_named_each_by_its_own() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let facts = json!({
            "title": { "before": null, "after": "Boss" },
            "name": { "before": { "givenName": "A" }, "after": { "givenName": "B" } },
            urn: { "before": { "division": "d", "department": "x" }, "after": { "division": "d", "costCenter": "7" } },
        });
        let expected =
            ["title".to_owned(), "name".to_owned(), format!("{urn}:department"), format!("{urn}:costCenter")];
        assert_eq!(names_of(&facts), expected);
    }
}
