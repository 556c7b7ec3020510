//! What is refused, and how it is told.

use std::slice::from_ref;

use serde_json::json;

use super::*;
use crate::error::ScimType::{self, InvalidFilter, InvalidPath, InvalidValue, Mutability, NoTarget};

#[test]
fn each_mistake_has_its_type() {
    let refusals: &[(ScimType, Value)] = &[
        (NoTarget, json!({"op": "remove"})),
        (NoTarget, json!({"op": "remove", "path": " ", "value": {"title": "x"}})),
        (NoTarget, json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"})),
        (InvalidPath, json!({"op": "replace", "path": "shoeSize", "value": 43})),
        (InvalidPath, json!({"op": "remove", "path": "name.shoeSize"})),
        (InvalidPath, json!({"op": "add", "path": "emails[type eq \"work\"].shoeSize", "value": 43})),
        (InvalidPath, json!({"op": "add", "path": "emails[type eq \"work\"", "value": "x"})),
        (InvalidPath, json!({"op": "add", "path": "emails[0].value", "value": "x"})),
        (InvalidPath, json!({"op": "add", "path": "userName[value eq \"x\"]", "value": "x"})),
        (InvalidFilter, json!({"op": "add", "path": "emails[shoeSize eq 43]", "value": "x"})),
        (InvalidFilter, json!({"op": "add", "path": "emails[primary gt true]", "value": "x"})),
        (InvalidValue, json!({"op": "add", "path": "title"})),
        (InvalidValue, json!({"op": "replace", "path": "title"})),
        (InvalidValue, json!({"op": "replace"})),
        (InvalidValue, json!({"op": "replace", "value": null})),
        (InvalidValue, json!({"op": "replace", "value": "no object"})),
        (InvalidValue, json!({"op": "replace", "value": [{"title": "x"}]})),
        (InvalidValue, json!({"op": "replace", "path": "active", "value": "perhaps"})),
        (InvalidValue, json!({"op": "replace", "path": "title", "value": {"a": 1}})),
        (InvalidValue, json!({"op": "replace", "value": {"emails[type eq \"work\"].value": 1}})),
        (
            InvalidValue,
            json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": [{"value": "a"}, {"value": "b"}]}),
        ),
        (InvalidValue, json!({"op": "replace", "path": "userName", "value": ""})),
        (InvalidValue, json!({"op": "replace", "value": {"userName": null}})),
        (InvalidValue, json!({"op": "replace", "path": ENTERPRISE_USER, "value": "x"})),
        (InvalidValue, json!({"op": "remove", "path": ENTERPRISE_USER, "value": "x"})),
        (InvalidValue, json!({"op": "remove", "path": "emails", "value": 1})),
        (InvalidValue, json!({"op": "add", "path": "schemas", "value": 1})),
        (InvalidValue, json!({"op": "add", "path": "title", "value": "a\0b"})),
        (Mutability, json!({"op": "remove", "path": "userName"})),
        (Mutability, json!({"op": "remove", "path": "schemas"})),
        (Mutability, json!({"op": "remove", "path": "schemas", "value": [crate::schema::USER]})),
        (Mutability, json!({"op": "replace", "path": "id", "value": ID})),
        (Mutability, json!({"op": "replace", "path": "meta.created", "value": "x"})),
        (Mutability, json!({"op": "add", "path": "groups", "value": [{"value": "g"}]})),
        (Mutability, json!({"op": "remove", "path": "groups[value eq \"g\"]"})),
        (Mutability, json!({"op": "replace", "path": "manager.displayName", "value": "x"})),
    ];
    for (scim_type, operation) in refusals {
        let error = refused(&ana(), from_ref(operation));
        assert_eq!(error.scim_type, *scim_type, "{operation}: {error}");
        assert!(error.detail.starts_with("Operations[0]: "), "{error}");
    }
}

#[test]
fn the_detail_names_the_operation_and_the_place() {
    let operations = [
        json!({"op": "replace", "path": "title", "value": "x"}),
        json!({"op": "add", "path": "emails", "value": [{"value": "a"}, {"value": 7}]}),
    ];
    assert_eq!(
        refused(&ana(), &operations).detail,
        "Operations[1]: emails[1].value: expected a string, got a number"
    );
    let path = [json!({"op": "remove", "path": "emails[type eq \"work\""})];
    assert_eq!(refused(&ana(), &path).detail, "Operations[0]: path, column 22: expected \"]\"");
}

#[test]
fn what_is_required_of_an_extension_is_required_when_it_comes() {
    let mut definition = builtin::user().clone();
    definition.extensions[0].schema.attributes[0].required = true;
    let without = ana_with(&json!({ENTERPRISE_USER: null}));
    let add = json!({"op": "add", "path": "department", "value": "Ops"});
    let error = patched(Profile::Generic, &definition, &without, from_ref(&add)).unwrap_err();
    assert_eq!(error.scim_type, InvalidValue);
    let number = json!({"op": "add", "path": "employeeNumber", "value": "7"});
    assert!(patched(Profile::Generic, &definition, &without, &[add.clone(), number]).is_ok());
    assert!(patched(Profile::Generic, &definition, &ana(), &[add]).is_ok(), "what was so before may stay so");
}
