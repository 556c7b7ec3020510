//! Message to resource.

use rollcall_scim::Resource;
use rollcall_scim::schema::ENTERPRISE_USER;
use serde_json::{Map, Value};

use crate::resource::add_text as text;
use crate::v1::user::{Address, MultiValue, Name};
use crate::v1::{EnterpriseUser, User};
use crate::value;

/// The attributes of a message that a client may write. What the server makes (`id`, `meta`, `schemas`, `groups`) is
/// left out. The result has canonical names, but what the caller put in is still to be judged by
/// [`normalize`](rollcall_scim::resource::normalize).
pub fn into_resource(user: User) -> Resource {
    let mut resource = Resource::new();
    text(&mut resource, "externalId", user.external_id);
    text(&mut resource, "userName", user.user_name);
    if let Some(name) = user.name {
        resource.insert("name".to_owned(), person_name(name).into());
    }
    text(&mut resource, "displayName", user.display_name);
    text(&mut resource, "nickName", user.nick_name);
    text(&mut resource, "profileUrl", user.profile_url);
    text(&mut resource, "title", user.title);
    text(&mut resource, "userType", user.user_type);
    text(&mut resource, "preferredLanguage", user.preferred_language);
    text(&mut resource, "locale", user.locale);
    text(&mut resource, "timezone", user.timezone);
    flag(&mut resource, "active", user.active);
    text(&mut resource, "password", user.password);
    list(&mut resource, "emails", user.emails, multi_value);
    list(&mut resource, "phoneNumbers", user.phone_numbers, multi_value);
    list(&mut resource, "ims", user.ims, multi_value);
    list(&mut resource, "photos", user.photos, multi_value);
    list(&mut resource, "addresses", user.addresses, address);
    list(&mut resource, "entitlements", user.entitlements, multi_value);
    list(&mut resource, "roles", user.roles, multi_value);
    list(&mut resource, "x509Certificates", user.x509_certificates, multi_value);
    if let Some(attributes) = user.enterprise {
        resource.insert(ENTERPRISE_USER.to_owned(), enterprise(attributes).into());
    }
    for (urn, attributes) in user.extensions {
        resource.insert(urn, value::from_message(attributes));
    }
    resource
}

fn flag(members: &mut Map<String, Value>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), Value::Bool(value));
    }
}

fn list<T>(
    members: &mut Map<String, Value>,
    name: &str,
    elements: Vec<T>,
    element: fn(T) -> Map<String, Value>,
) {
    if !elements.is_empty() {
        let elements = elements.into_iter().map(|value| Value::Object(element(value))).collect();
        members.insert(name.to_owned(), Value::Array(elements));
    }
}

fn person_name(name: Name) -> Map<String, Value> {
    let mut members = Map::new();
    text(&mut members, "formatted", name.formatted);
    text(&mut members, "familyName", name.family_name);
    text(&mut members, "givenName", name.given_name);
    text(&mut members, "middleName", name.middle_name);
    text(&mut members, "honorificPrefix", name.honorific_prefix);
    text(&mut members, "honorificSuffix", name.honorific_suffix);
    members
}

fn multi_value(element: MultiValue) -> Map<String, Value> {
    let mut members = Map::new();
    text(&mut members, "value", element.value);
    text(&mut members, "display", element.display);
    text(&mut members, "type", element.r#type);
    flag(&mut members, "primary", element.primary);
    members
}

fn address(address: Address) -> Map<String, Value> {
    let mut members = Map::new();
    text(&mut members, "formatted", address.formatted);
    text(&mut members, "streetAddress", address.street_address);
    text(&mut members, "locality", address.locality);
    text(&mut members, "region", address.region);
    text(&mut members, "postalCode", address.postal_code);
    text(&mut members, "country", address.country);
    text(&mut members, "type", address.r#type);
    flag(&mut members, "primary", address.primary);
    members
}

fn enterprise(enterprise: EnterpriseUser) -> Map<String, Value> {
    let mut members = Map::new();
    text(&mut members, "employeeNumber", enterprise.employee_number);
    text(&mut members, "costCenter", enterprise.cost_center);
    text(&mut members, "organization", enterprise.organization);
    text(&mut members, "division", enterprise.division);
    text(&mut members, "department", enterprise.department);
    if let Some(manager) = enterprise.manager {
        let mut parts = Map::new();
        text(&mut parts, "value", manager.value);
        members.insert("manager".to_owned(), parts.into());
    }
    members
}
