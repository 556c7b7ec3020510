//! Resource to message.

use rollcall_scim::Resource;
use rollcall_scim::schema::ENTERPRISE_USER;
use serde_json::{Map, Value};

use crate::resource::{elements, meta, object, text};
use crate::v1::enterprise_user::Manager;
use crate::v1::user::{Address, GroupMembership, MultiValue, Name};
use crate::v1::{EnterpriseUser, User};
use crate::value;

/// The message of a user. What the message has no field for, and what is not of the field's type, is left out: a
/// resource in canonical form has neither.
pub fn from_resource(resource: Resource) -> User {
    let mut user = User::default();
    for (name, value) in resource {
        match name.as_str() {
            "schemas" => user.schemas = elements(value, text),
            "id" => user.id = text(value).unwrap_or_default(),
            "externalId" => user.external_id = text(value),
            "meta" => user.meta = object(value).map(meta),
            "userName" => user.user_name = text(value),
            "name" => user.name = object(value).map(person_name),
            "displayName" => user.display_name = text(value),
            "nickName" => user.nick_name = text(value),
            "profileUrl" => user.profile_url = text(value),
            "title" => user.title = text(value),
            "userType" => user.user_type = text(value),
            "preferredLanguage" => user.preferred_language = text(value),
            "locale" => user.locale = text(value),
            "timezone" => user.timezone = text(value),
            "active" => user.active = value.as_bool(),
            "password" => user.password = text(value),
            "emails" => user.emails = elements(value, multi_value),
            "phoneNumbers" => user.phone_numbers = elements(value, multi_value),
            "ims" => user.ims = elements(value, multi_value),
            "photos" => user.photos = elements(value, multi_value),
            "addresses" => user.addresses = elements(value, address),
            "groups" => user.groups = elements(value, group),
            "entitlements" => user.entitlements = elements(value, multi_value),
            "roles" => user.roles = elements(value, multi_value),
            "x509Certificates" => user.x509_certificates = elements(value, multi_value),
            ENTERPRISE_USER => user.enterprise = object(value).map(enterprise),
            _ if value.is_object() => {
                user.extensions.insert(name, value::to_message(value));
            }
            _ => {}
        }
    }
    user
}

fn person_name(members: Map<String, Value>) -> Name {
    let mut person = Name::default();
    for (name, value) in members {
        match name.as_str() {
            "formatted" => person.formatted = text(value),
            "familyName" => person.family_name = text(value),
            "givenName" => person.given_name = text(value),
            "middleName" => person.middle_name = text(value),
            "honorificPrefix" => person.honorific_prefix = text(value),
            "honorificSuffix" => person.honorific_suffix = text(value),
            _ => {}
        }
    }
    person
}

fn multi_value(value: Value) -> Option<MultiValue> {
    let mut element = MultiValue::default();
    for (name, value) in object(value)? {
        match name.as_str() {
            "value" => element.value = text(value),
            "display" => element.display = text(value),
            "type" => element.r#type = text(value),
            "primary" => element.primary = value.as_bool(),
            _ => {}
        }
    }
    Some(element)
}

fn address(value: Value) -> Option<Address> {
    let mut address = Address::default();
    for (name, value) in object(value)? {
        match name.as_str() {
            "formatted" => address.formatted = text(value),
            "streetAddress" => address.street_address = text(value),
            "locality" => address.locality = text(value),
            "region" => address.region = text(value),
            "postalCode" => address.postal_code = text(value),
            "country" => address.country = text(value),
            "type" => address.r#type = text(value),
            "primary" => address.primary = value.as_bool(),
            _ => {}
        }
    }
    Some(address)
}

fn group(value: Value) -> Option<GroupMembership> {
    let mut group = GroupMembership::default();
    for (name, value) in object(value)? {
        match name.as_str() {
            "value" => group.value = text(value),
            "display" => group.display = text(value),
            "type" => group.r#type = text(value),
            "$ref" => group.r#ref = text(value),
            _ => {}
        }
    }
    Some(group)
}

fn enterprise(members: Map<String, Value>) -> EnterpriseUser {
    let mut enterprise = EnterpriseUser::default();
    for (name, value) in members {
        match name.as_str() {
            "employeeNumber" => enterprise.employee_number = text(value),
            "costCenter" => enterprise.cost_center = text(value),
            "organization" => enterprise.organization = text(value),
            "division" => enterprise.division = text(value),
            "department" => enterprise.department = text(value),
            "manager" => enterprise.manager = object(value).map(manager),
            _ => {}
        }
    }
    enterprise
}

fn manager(members: Map<String, Value>) -> Manager {
    let mut manager = Manager::default();
    for (name, value) in members {
        match name.as_str() {
            "value" => manager.value = text(value),
            "displayName" => manager.display_name = text(value),
            "$ref" => manager.r#ref = text(value),
            _ => {}
        }
    }
    manager
}
