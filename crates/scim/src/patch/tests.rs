//! What clients rely on when they PATCH.

mod identity_providers;
mod mistakes;
mod protocol;
mod registered;
mod values;

use serde_json::{Value, json};

use super::{Kind, Operation, apply};
use crate::builtin;
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::schema::ENTERPRISE_USER;

const ID: &str = "2819c223";

/// An operation as a request has it.
fn operation(sent: &Value) -> Operation {
    let kind = match sent["op"].as_str().unwrap() {
        "add" => Kind::Add,
        "remove" => Kind::Remove,
        "replace" => Kind::Replace,
        other => panic!("{other}"),
    };
    Operation { kind, path: sent["path"].as_str().map(str::to_owned), value: sent.get("value").cloned() }
}

fn patched(
    profile: Profile,
    definition: &Definition,
    resource: &Value,
    operations: &[Value],
) -> Result<Value> {
    let operations: Vec<Operation> = operations.iter().map(operation).collect();
    let resource = resource.as_object().unwrap();
    apply(resource, ID, &operations, definition, profile.rules()).map(Value::Object)
}

/// The user after the operations, in every profile alike.
fn user(resource: &Value, operations: &[Value]) -> Value {
    everywhere(builtin::user(), resource, operations)
}

/// The group after the operations, in every profile alike.
fn group(resource: &Value, operations: &[Value]) -> Value {
    everywhere(builtin::group(), resource, operations)
}

fn everywhere(definition: &Definition, resource: &Value, operations: &[Value]) -> Value {
    let results = [Profile::Generic, Profile::Okta, Profile::Entra].map(|profile| {
        patched(profile, definition, resource, operations).unwrap_or_else(|error| panic!("{error}"))
    });
    let [generic, okta, entra] = results;
    assert_eq!(generic, okta);
    assert_eq!(generic, entra);
    generic
}

fn refused(resource: &Value, operations: &[Value]) -> Error {
    patched(Profile::Generic, builtin::user(), resource, operations).unwrap_err()
}

/// A user with one of everything that the tests change.
fn ana() -> Value {
    json!({
        "userName": "ana",
        "name": {"familyName": "Ruiz", "givenName": "Ana"},
        "title": "Boss",
        "active": true,
        "emails": [
            {"value": "ana@work.test", "type": "work", "primary": true},
            {"value": "ana@home.test", "type": "home"},
        ],
        ENTERPRISE_USER: {"department": "Ops", "manager": {"value": "u2"}},
    })
}

/// The user with some members changed; null takes one out.
fn ana_with(changes: &Value) -> Value {
    let mut user = ana();
    let members = user.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    user
}
