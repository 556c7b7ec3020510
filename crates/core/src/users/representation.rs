//! A stored user as its readers see it.

use jiff::Timestamp;
use rollcall_api::{user, v1};
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, resource};
use rollcall_store::StoredResource;
use serde_json::{Value, json};
use uuid::Uuid;

use super::RESOURCE_TYPE;
use crate::version::entity_tag;

/// The message of a user, with the attributes that the reader asked for.
pub(super) fn represent(
    stored: StoredResource,
    projection: &Projection,
    definition: &Definition,
) -> v1::User {
    let mut full = full_resource(stored, definition);
    projection.apply(&mut full, definition);
    user::from_resource(full)
}

/// The whole resource: what is stored, and what the server knows and derives beside it.
fn full_resource(stored: StoredResource, definition: &Definition) -> Resource {
    let StoredResource { id, version, created, modified, attributes: mut resource, .. } = stored;
    let schemas: Vec<Value> =
        resource::schemas_of(&resource, definition).into_iter().map(Value::from).collect();
    add_manager_reference(&mut resource);
    resource.insert("schemas".to_owned(), Value::Array(schemas));
    resource.insert("id".to_owned(), Value::String(id.to_string()));
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": RESOURCE_TYPE,
            "created": date_time(created),
            "lastModified": date_time(modified),
            "version": entity_tag(version),
            "location": location(id),
        }),
    );
    resource
}

/// Where a user is, relative to the base URL.
fn location(id: impl std::fmt::Display) -> String {
    format!("/Users/{id}")
}

/// Gives a manager that can be one of our users its `$ref` (RFC 7643 §4.3).
fn add_manager_reference(resource: &mut Resource) {
    let manager = resource.get_mut(ENTERPRISE_USER).and_then(|extension| extension.get_mut("manager"));
    let Some(Value::Object(manager)) = manager else { return };
    let id = manager.get("value").and_then(Value::as_str).filter(|value| Uuid::try_parse(value).is_ok());
    if let Some(reference) = id.map(location) {
        manager.insert("$ref".to_owned(), Value::String(reference));
    }
}

/// A time in µs as RFC 7643 §2.3.5 writes it; one that no calendar has is left out.
fn date_time(micros: i64) -> Option<String> {
    Timestamp::from_microsecond(micros).ok().map(|time| time.to_string())
}
