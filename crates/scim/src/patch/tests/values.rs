//! What values mean, in the shapes and spellings in which they are sent.

use std::slice::from_ref;

use serde_json::json;

use super::*;
use crate::error::ScimType;
use crate::schema::{GROUP, USER};

#[test]
fn a_selected_element_may_be_written_as_a_list_of_one() {
    for op in ["add", "replace"] {
        let value = json!([{"value": "new@work.test"}]);
        let operation = json!({"op": op, "path": "emails[type eq \"home\"]", "value": value});
        let after = user(&ana(), &[operation]);
        assert_eq!(after["emails"][1], json!({"value": "new@work.test", "type": "home"}), "{op}");
        assert_eq!(after["emails"][0], ana()["emails"][0]);
    }
    let nobody = json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": []});
    assert_eq!(user(&ana(), &[nobody])["emails"], json!([ana()["emails"][0]]));
}

#[test]
fn a_list_may_be_wrapped_in_its_own_name() {
    let list = json!([{"value": "a@x.test"}]);
    for value in [json!({"emails": list}), json!({"EMAILS": list}), json!({"emails": "a@x.test"})] {
        let replace = json!({"op": "replace", "path": "emails", "value": value});
        assert_eq!(user(&ana(), &[replace])["emails"], list);
    }
    let home = json!({"emails": {"value": "ana@home.test"}});
    let remove = json!({"op": "remove", "path": "emails", "value": home});
    assert_eq!(user(&ana(), &[remove])["emails"], json!([ana()["emails"][0]]));
}

#[test]
fn an_element_with_one_part_is_not_a_wrapped_list() {
    let replaced = |value: Value| {
        user(&ana(), &[json!({"op": "replace", "path": "emails", "value": value})])["emails"].clone()
    };
    assert_eq!(replaced(json!({"display": "Ana"})), json!([{"display": "Ana"}]));
    assert_eq!(replaced(json!({"type": "work"})), json!([{"type": "work"}]));
    assert_eq!(replaced(json!({"emails": "x", "value": "y"})), json!([{"value": "y"}]));
    assert_eq!(replaced(json!({"value": "y", "emails": "x"})), json!([{"value": "y"}]));
    assert_eq!(replaced(json!({"shoes": "x"})), json!(null));
}

#[test]
fn a_part_that_is_called_as_its_list_is_a_part() {
    let mut definition = builtin::user().clone();
    let attributes = &mut definition.schema.attributes;
    let roles = attributes.iter_mut().find(|attribute| attribute.name == "roles").unwrap();
    "roles".clone_into(&mut roles.sub_attributes[1].name);
    let add = json!({"op": "add", "path": "roles", "value": {"roles": "admin"}});
    let after = patched(Profile::Generic, &definition, &ana(), &[add]).unwrap();
    assert_eq!(after["roles"], json!([{"roles": "admin"}]));
}

#[test]
fn a_selection_compares_texts_without_their_case_where_it_does_not_count() {
    let street = json!({"userName": "ana", "emails": [{"value": "a", "type": "Straße"}, {"value": "b", "type": "work"}]});
    for path in [
        "emails[type eq \"STRASSE\"]",
        "emails[type eq \"straße\"]",
        "emails[type eq \"Strasse\" and value pr]",
        "emails[value eq \"A\"]",
    ] {
        let after = user(&street, &[json!({"op": "remove", "path": path})]);
        assert_eq!(after["emails"], json!([{"value": "b", "type": "work"}]), "{path}");
    }
    for path in ["emails[type eq \"Strase\"]", "emails[type eq \"wörk\"]", "emails[display eq \"a\"]"] {
        assert_eq!(user(&street, &[json!({"op": "remove", "path": path})]), street, "{path}");
    }
}

#[test]
fn a_selection_compares_ids_with_their_case() {
    let team = json!({"displayName": "Ops", "members": [{"value": "u1"}, {"value": "Ü1"}]});
    let left = |id: &str| {
        let path = format!("members[value eq \"{id}\"]");
        group(&team, &[json!({"op": "remove", "path": path})])["members"].clone()
    };
    assert_eq!(left("u1"), json!([{"value": "Ü1"}]));
    assert_eq!(left("Ü1"), json!([{"value": "u1"}]));
    for other in ["U1", "ü1"] {
        assert_eq!(left(other), team["members"], "{other}");
    }
}

#[test]
fn a_selection_takes_what_fulfils_all_of_its_condition() {
    let left = |condition: &str| {
        let path = format!("emails[{condition}]");
        user(&ana(), &[json!({"op": "remove", "path": path})])["emails"].as_array().map_or(0, Vec::len)
    };
    for (condition, expected) in [
        ("type eq \"work\" and primary eq true", 1),
        ("type eq \"home\" and primary eq true", 2),
        ("type eq \"home\" or primary eq true", 0),
        ("primary ne true", 1),
        ("primary pr", 1),
        ("not (primary pr)", 1),
        ("display ne \"x\"", 0),
        ("value ew \"home.test\"", 1),
        ("value sw \"ana\" and not (value co \"work\")", 1),
    ] {
        assert_eq!(left(condition), expected, "{condition}");
    }
}

#[test]
fn an_extension_is_removed_whole_where_no_value_says_what_of_it() {
    let remove =
        |value: Value| user(&ana(), &[json!({"op": "remove", "path": ENTERPRISE_USER, "value": value})]);
    for all in [json!(null), json!("")] {
        assert_eq!(remove(all.clone()), ana_with(&json!({ENTERPRISE_USER: null})), "{all}");
    }
    for nothing in [json!([]), json!({}), json!({"department": null}), json!({"shoeSize": 43})] {
        assert_eq!(remove(nothing.clone())[ENTERPRISE_USER]["manager"], json!({"value": "u2"}), "{nothing}");
    }
    assert_eq!(remove(json!([])), ana());
    assert_eq!(remove(json!({"shoeSize": 43})), ana());
}

#[test]
fn the_schemas_may_be_one_text_or_none() {
    let remove = |value: Value| json!({"op": "remove", "path": "schemas", "value": value});
    for one in [json!(ENTERPRISE_USER), json!(ENTERPRISE_USER.to_uppercase()), json!([ENTERPRISE_USER])] {
        assert_eq!(user(&ana(), &[remove(one)]), ana_with(&json!({ENTERPRISE_USER: null})));
    }
    assert_eq!(user(&ana(), &[remove(json!([]))]), ana());
    assert_eq!(refused(&ana(), &[remove(json!(null))]).scim_type, ScimType::Mutability);
    assert_eq!(refused(&ana(), &[remove(json!(USER.to_uppercase()))]).scim_type, ScimType::Mutability);
    assert_eq!(refused(&ana(), &[remove(json!([7]))]).scim_type, ScimType::InvalidValue);
    for value in [json!(null), json!(USER), json!([])] {
        for op in ["add", "replace"] {
            assert_eq!(user(&ana(), &[json!({"op": op, "path": "schemas", "value": value})]), ana());
        }
    }
}

#[test]
fn what_null_stands_for_is_not_removed() {
    let named = json!({"familyName": null, "givenName": "Ana"});
    let after = user(&ana(), &[json!({"op": "remove", "path": "name", "value": named})]);
    assert_eq!(after["name"], json!({"familyName": "Ruiz"}));
}

#[test]
fn a_schema_with_no_object_as_its_value_is_refused_by_its_name() {
    let value = json!({"op": "add", "value": {USER: 7}});
    assert!(refused(&ana(), &[value]).detail.contains(USER));
    let path = json!({"op": "add", "path": GROUP, "value": {}});
    assert_eq!(refused(&ana(), from_ref(&path)).scim_type, ScimType::InvalidPath, "of another type");
}

#[test]
fn of_many_that_are_added_at_once_each_sees_what_those_before_have_done() {
    let before = ana_with(&json!({"emails": [
        {"value": "a", "type": "work"},
        {"value": "a", "type": "work", "display": "A"},
    ]}));
    let mut sent: Vec<Value> = (0..40).map(|n| json!({"value": format!("{n}"), "type": "work"})).collect();
    sent.push(json!({"value": "b"}));
    sent.push(json!({"value": "b", "display": "B"}));
    sent.push(json!({"value": "A", "type": "Work", "display": "a"}));
    sent.push(json!({"value": "a", "type": "work", "display": "Z"}));
    let all = user(&before, &[json!({"op": "add", "path": "emails", "value": sent})]);
    let one_by_one: Vec<Value> =
        sent.iter().map(|element| json!({"op": "add", "path": "emails", "value": element})).collect();
    assert_eq!(all, user(&before, &one_by_one));
    assert_eq!(all["emails"][0], json!({"value": "a", "type": "work", "display": "Z"}));
    assert_eq!(all["emails"][42], json!({"value": "b", "display": "B"}));
}
