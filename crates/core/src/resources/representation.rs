//! A stored resource as its readers see it.

use std::collections::HashMap;

use jiff::Timestamp;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, resource};
use rollcall_store::{Directory, Membership, ResourceType, StoredResource};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Core;
use crate::error::Result;
use crate::version::entity_tag;

/// The groups of some users, by user.
#[derive(Debug, Default)]
pub(crate) struct Memberships(HashMap<Uuid, Vec<Membership>>);

impl Core {
    /// The groups that some resources are in, as far as they are shown: those of users, where the directory has groups and
    /// the reader asks for them. They were read with the resources, but for groups of groups.
    pub(crate) async fn memberships(
        &self,
        directory: &Directory,
        resources: &[StoredResource],
        projection: &Projection,
    ) -> Result<Memberships> {
        let mut of = HashMap::<Uuid, Vec<Membership>>::new();
        if !directory.groups_enabled || !projection.may_show("groups") {
            return Ok(Memberships(of));
        }
        let is_shown = |resource: &&StoredResource| {
            resource.resource_type == ResourceType::User && !resource.groups.is_empty()
        };
        let users: Vec<_> = resources.iter().filter(is_shown).collect();
        if !users.is_empty() {
            for membership in self.store.memberships(directory.id, &users).await? {
                of.entry(membership.member).or_default().push(membership);
            }
        }
        Ok(Memberships(of))
    }
}

/// The whole resource, with the attributes that the reader asked for: what is stored, and what the server knows and
/// derives beside it.
pub(crate) fn represent(
    stored: StoredResource,
    memberships: &mut Memberships,
    projection: &Projection,
    definition: &Definition,
) -> Resource {
    let StoredResource { resource_type, id, version, created, modified, attributes: mut resource, .. } =
        stored;
    let schemas: Vec<Value> =
        resource::schemas_of(&resource, definition).into_iter().map(Value::from).collect();
    add_manager_reference(&mut resource);
    resource.insert("schemas".to_owned(), Value::Array(schemas));
    resource.insert("id".to_owned(), Value::String(id.to_string()));
    if let Some(groups) = memberships.0.remove(&id) {
        resource.insert("groups".to_owned(), groups.iter().map(group).collect());
    }
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": resource_type.as_str(),
            "created": date_time(created),
            "lastModified": date_time(modified),
            "version": entity_tag(version),
            "location": location(resource_type, id),
        }),
    );
    projection.apply(&mut resource, definition);
    resource
}

/// Where a resource is, relative to the base URL.
pub(crate) fn location(resource_type: ResourceType, id: impl std::fmt::Display) -> String {
    match resource_type {
        ResourceType::User => format!("/Users/{id}"),
        ResourceType::Group => format!("/Groups/{id}"),
    }
}

/// A group of a user (RFC 7643 §4.1.2).
fn group(membership: &Membership) -> Value {
    json!({
        "value": membership.group.to_string(),
        "$ref": location(ResourceType::Group, membership.group),
        "display": membership.label,
        "type": if membership.is_direct { "direct" } else { "indirect" },
    })
}

/// Gives a manager that can be one of our users its `$ref` (RFC 7643 §4.3).
fn add_manager_reference(resource: &mut Resource) {
    let manager = resource.get_mut(ENTERPRISE_USER).and_then(|extension| extension.get_mut("manager"));
    let Some(Value::Object(manager)) = manager else { return };
    let id = manager.get("value").and_then(Value::as_str).filter(|value| Uuid::try_parse(value).is_ok());
    if let Some(reference) = id.map(|id| location(ResourceType::User, id)) {
        manager.insert("$ref".to_owned(), Value::String(reference));
    }
}

/// A time in µs as RFC 7643 §2.3.5 writes it; one that no calendar has is left out.
pub(crate) fn date_time(micros: i64) -> Option<String> {
    Timestamp::from_microsecond(micros).ok().map(|time| time.to_string())
}
