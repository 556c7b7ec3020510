//! What the characteristics of registered attributes forbid and demand, of which the built-in ones have few.

use std::slice::from_ref;

use serde_json::json;

use super::*;
use crate::definition::Extension;
use crate::error::ScimType::{self, InvalidValue, Mutability, NoTarget};
use crate::{registration, schema};

const URN: &str = "urn:example:badge";

/// Users with a badge.
fn definition() -> Definition {
    let schema = registration::read(json!({"id": URN, "attributes": [
        {"name": "number", "mutability": "immutable"},
        {"name": "printed", "mutability": "readOnly"},
        {"name": "issued", "type": "dateTime"},
        {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value"},
            {"name": "floor", "type": "integer"},
            {"name": "code"},
            {"name": "lock", "mutability": "immutable"},
        ]},
        {"name": "owner", "type": "complex", "subAttributes": [
            {"name": "since"}, {"name": "until", "required": true},
        ]},
    ]}));
    let mut definition = builtin::user().clone();
    definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
    definition
}

fn badged(badge: &Value) -> Value {
    json!({"userName": "ana", URN: badge})
}

/// The badge after an operation, whose path is meant within the badge.
fn badge(profile: Profile, before: &Value, op: &str, path: &str, value: Option<Value>) -> Result<Value> {
    let path = if path.is_empty() { URN.to_owned() } else { format!("{URN}:{path}") };
    let mut operation = json!({"op": op, "path": path});
    if let Some(value) = value {
        operation["value"] = value;
    }
    let after = patched(profile, &definition(), &badged(before), from_ref(&operation))?;
    Ok(after.get(URN).cloned().unwrap_or_default())
}

fn letter(before: &Value, op: &str, path: &str, value: Option<Value>) -> Result<Value> {
    badge(Profile::Generic, before, op, path, value)
}

fn refusal(before: &Value, op: &str, path: &str, value: Option<Value>) -> (ScimType, String) {
    let error = letter(before, op, path, value).unwrap_err();
    (error.scim_type, error.detail)
}

#[test]
fn a_created_element_has_the_values_of_its_filter_in_the_types_of_the_attributes() {
    let create = |profile, path: &str| badge(profile, &json!({}), "add", path, Some(json!("front")));
    let doors = |element: Value| json!({"doors": [element]});
    assert_eq!(
        create(Profile::Generic, "doors[floor eq 3].value").unwrap(),
        doors(json!({"value": "front", "floor": 3}))
    );
    assert_eq!(
        create(Profile::Okta, "doors[code eq 12].value").unwrap(),
        doors(json!({"value": "front", "code": "12"}))
    );
    assert_eq!(
        create(Profile::Generic, "doors[code eq null].value").unwrap(),
        doors(json!({"value": "front"}))
    );
    assert_eq!(create(Profile::Generic, "doors[floor gt 3].value").unwrap_err().scim_type, NoTarget);
}

#[test]
fn a_number_selects_elements() {
    let before = json!({"doors": [{"value": "a", "floor": 1}, {"value": "b", "floor": 2}]});
    let left = |path: &str| letter(&before, "remove", path, None).unwrap()["doors"].clone();
    assert_eq!(left("doors[floor eq 2]"), json!([{"value": "a", "floor": 1}]));
    assert_eq!(left("doors[floor lt 2]"), json!([{"value": "b", "floor": 2}]));
    assert_eq!(left("doors[floor ge 3]"), before["doors"]);
}

#[test]
fn a_time_in_another_offset_is_the_time_that_is_there() {
    let before = json!({"issued": "2008-01-23T04:56:22Z"});
    let remove = |named: &str| letter(&before, "remove", "issued", Some(json!(named))).unwrap();
    assert_eq!(remove("2008-01-23T05:56:22+01:00"), json!(null));
    assert_eq!(remove("2008-01-23T04:56:23Z"), before);
}

#[test]
fn an_extension_keeps_what_only_the_server_writes() {
    let before = json!({"printed": "yes", "issued": "2008-01-23T04:56:22Z"});
    assert_eq!(letter(&before, "remove", "", None).unwrap(), json!({"printed": "yes"}));
    let named = Some(json!({"printed": "yes", "issued": "2008-01-23T04:56:22Z"}));
    assert_eq!(letter(&before, "remove", "", named).unwrap(), json!({"printed": "yes"}));
    let written = Some(json!({"printed": "no", "owner.until": "x"}));
    assert_eq!(letter(&before, "add", "", written).unwrap()["printed"], json!("yes"));
    let path = refusal(&before, "remove", "printed", None);
    assert_eq!(path, (Mutability, format!("Operations[0]: {URN}:printed: it is read-only")));
}

#[test]
fn an_extension_goes_unless_something_of_it_is_immutable_or_it_is_required() {
    assert_eq!(letter(&json!({"issued": "2008-01-23T04:56:22Z"}), "remove", "", None).unwrap(), json!(null));
    let (scim_type, detail) = refusal(&json!({"number": "7"}), "remove", "", None);
    assert_eq!(scim_type, Mutability);
    assert_eq!(detail, format!("Operations[0]: {URN}:number: it is immutable and has a value already"));
    let mut definition = definition();
    definition.extensions[1].required = true;
    let before = badged(&json!({"issued": "2008-01-23T04:56:22Z"}));
    let remove = json!({"op": "remove", "path": URN});
    let error = patched(Profile::Generic, &definition, &before, &[remove]).unwrap_err();
    assert_eq!(error.scim_type, Mutability);
    let absent = json!({"op": "remove", "path": URN});
    assert!(patched(Profile::Generic, &definition, &json!({"userName": "ana"}), &[absent]).is_ok());
}

#[test]
fn what_is_immutable_may_be_written_again_as_it_is() {
    let before = json!({"number": "7"});
    assert_eq!(letter(&before, "replace", "number", Some(json!("7"))).unwrap(), before);
    assert_eq!(letter(&before, "add", "", Some(json!({"number": "7"}))).unwrap(), before);
    assert_eq!(letter(&before, "remove", "number", Some(json!("8"))).unwrap(), before);
    for (op, value) in [("replace", Some(json!("8"))), ("add", Some(json!(""))), ("remove", Some(json!("7")))]
    {
        assert_eq!(refusal(&before, op, "number", value).0, Mutability, "{op}");
    }
}

#[test]
fn an_element_keeps_its_immutable_parts_and_may_gain_those_it_lacks() {
    let before = json!({"doors": [{"value": "a", "lock": "x"}, {"value": "b"}]});
    let replace = |path: &str, value: Value| letter(&before, "replace", path, Some(value));
    let gained = replace("doors[value eq \"b\"]", json!({"value": "b", "lock": "y"})).unwrap();
    assert_eq!(gained["doors"][1], json!({"value": "b", "lock": "y"}));
    let same = replace("doors[value eq \"a\"]", json!({"value": "c", "lock": "x"})).unwrap();
    assert_eq!(same["doors"][0], json!({"value": "c", "lock": "x"}));
    for lost in [json!({"value": "c"}), json!({"value": "c", "lock": "y"})] {
        let error = replace("doors[value eq \"a\"]", lost).unwrap_err();
        assert_eq!(error.scim_type, Mutability);
        assert!(error.detail.contains("doors[0].lock: it is immutable"), "{error}");
    }
}

#[test]
fn an_immutable_list_is_told_by_its_name_whatever_of_it_was_to_change() {
    let mut definition = builtin::user().clone();
    let attributes = &mut definition.schema.attributes;
    attributes.iter_mut().find(|attribute| attribute.name == "roles").unwrap().mutability =
        schema::Mutability::Immutable;
    let before = ana_with(&json!({"roles": [{"value": "r1", "display": "R"}]}));
    let result = |operation: Value| patched(Profile::Generic, &definition, &before, &[operation]);
    for operation in [
        json!({"op": "remove", "path": "roles[value eq \"r1\"].display"}),
        json!({"op": "remove", "path": "roles.display"}),
        json!({"op": "replace", "path": "roles[value eq \"r1\"]", "value": {"value": "r2"}}),
        json!({"op": "replace", "path": "roles", "value": []}),
    ] {
        let error = result(operation).unwrap_err();
        assert_eq!(error.detail, "Operations[0]: roles: it is immutable and has a value already");
    }
    assert_eq!(result(json!({"op": "remove", "path": "roles[value eq \"r9\"]"})).unwrap(), before);
    let first = json!({"op": "add", "path": "roles.value", "value": "r1"});
    let after = patched(Profile::Generic, &definition, &ana(), &[first]).unwrap();
    assert_eq!(after["roles"], json!([{"value": "r1"}]), "the first value is free");
}

#[test]
fn a_required_list_keeps_an_element() {
    let mut definition = builtin::user().clone();
    let attributes = &mut definition.schema.attributes;
    attributes.iter_mut().find(|attribute| attribute.name == "emails").unwrap().required = true;
    let result = |before: &Value, operation: Value| {
        patched(Profile::Generic, &definition, before, &[operation]).map_err(|error| error.scim_type)
    };
    let remove = |path: &str| json!({"op": "remove", "path": path});
    let one = result(&ana(), remove("emails[type eq \"work\"]")).unwrap();
    assert_eq!(one["emails"].as_array().unwrap().len(), 1);
    assert_eq!(result(&ana(), remove("emails[type eq \"other\"]")), Ok(ana()));
    assert_eq!(result(&ana(), remove("emails[value pr]")), Err(Mutability));
    assert_eq!(result(&ana(), remove("emails")), Err(Mutability));
    let clear = |path: &str| json!({"op": "replace", "path": path, "value": null});
    assert_eq!(result(&ana(), clear("emails[value pr]")), Err(InvalidValue));
    assert_eq!(result(&ana(), clear("emails")), Err(InvalidValue));
    let without = ana_with(&json!({"emails": null}));
    assert_eq!(result(&without, remove("emails[type eq \"work\"]")), Ok(without.clone()));
}

#[test]
fn a_complex_value_has_what_is_required_of_it_as_long_as_there_is_one() {
    let whole = json!({"owner": {"since": "1", "until": "2"}});
    let (scim_type, detail) = refusal(&json!({}), "add", "owner.since", Some(json!("1")));
    assert_eq!(scim_type, InvalidValue);
    assert_eq!(detail, format!("Operations[0]: {URN}:owner.until: it is required; give a string"));
    assert_eq!(letter(&json!({}), "add", "owner", Some(whole["owner"].clone())).unwrap(), whole);
    assert_eq!(
        letter(&whole, "replace", "owner.since", Some(json!(""))).unwrap(),
        json!({"owner": {"until": "2"}})
    );
    assert_eq!(refusal(&whole, "replace", "owner.until", Some(json!(""))).0, InvalidValue);
    assert_eq!(refusal(&whole, "remove", "owner.until", None).0, Mutability);
    let cleared = Some(json!({"since": null, "until": null}));
    assert_eq!(letter(&whole, "replace", "owner", cleared.clone()).unwrap_or_default(), json!(null));
    assert_eq!(letter(&json!({}), "replace", "owner", cleared).unwrap(), json!(null));
}
