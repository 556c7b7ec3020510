mod limits;
mod names;

use serde_json::json;

use super::*;
use crate::builtin;
use crate::schema::{ENTERPRISE_USER, Kind, Mutability, Returned, SCHEMA, USER, Uniqueness};

fn badge() -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": "urn:example:acme:2.0:Badge",
        "name": "Badge",
        "description": "What opens doors",
        "attributes": [
            {"name": "number", "uniqueness": "server", "required": true, "caseExact": true},
            {"name": "level", "type": "integer", "mutability": "immutable"},
            {"name": "doors", "type": "complex", "multiValued": true, "returned": "request", "subAttributes": [
                {"name": "value"},
                {"name": "$ref", "type": "reference", "referenceTypes": ["external"]},
                {"name": "kind", "canonicalValues": ["front", "back"]},
            ]},
        ],
        "meta": {"resourceType": "Schema"},
    })
}

/// The badge with one member of it changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut badge = badge();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match badge.pointer_mut(parent).unwrap() {
        Value::Object(members) => _ = members.insert(name.to_owned(), value),
        Value::Array(elements) => elements[name.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer}: {other}"),
    }
    badge
}

#[test]
fn a_schema_is_read_with_the_defaults_of_the_rfc() {
    let schema = read(badge()).unwrap();
    assert_eq!((schema.id.as_str(), schema.name.as_str()), ("urn:example:acme:2.0:Badge", "Badge"));
    let [number, level, doors] = schema.attributes.as_slice() else { panic!("{schema:?}") };
    assert_eq!((number.kind, number.required, number.case_exact), (Kind::String, true, true));
    assert_eq!((number.mutability, number.returned), (Mutability::ReadWrite, Returned::Default));
    assert_eq!(number.uniqueness, Uniqueness::Server);
    assert_eq!((level.kind, level.mutability), (Kind::Integer, Mutability::Immutable));
    assert_eq!((doors.multi_valued, doors.returned), (true, Returned::Request));
    assert_eq!(doors.sub_attributes[1].name, "$ref");
    assert!(doors.sub_attributes[1].case_exact, "RFC 7643 §2.3.7");
    assert_eq!(doors.sub_attributes[2].canonical_values, ["front", "back"]);
    let again = serde_json::to_value(&schema).unwrap();
    assert_eq!(read(again).unwrap(), schema, "what is printed is read as the same");
}

#[test]
fn little_is_needed_and_case_of_characteristics_makes_no_difference() {
    let schema = read(json!({"ID": "urn:example:x:Y", "Attributes": [{"NAME": "a", "MultiValued": true}]}));
    let schema = schema.unwrap();
    assert_eq!(schema.name, "Y");
    assert!(schema.attributes[0].multi_valued);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (sent, beginning) in [
        (json!([]), "the schema: expected a JSON object"),
        (with("/schemas", json!([USER])), "schemas: "),
        (with("/id", json!(null)), "id: it is missing"),
        (with("/id", json!(7)), "id: expected a string"),
        (with("/name", json!("\0")), "name: a string cannot hold"),
        (with("/attributes", json!([])), "attributes: it is missing"),
        (with("/attributes", json!("number")), "attributes: expected a list"),
        (with("/attributes/1", json!("number")), "attributes[1]: expected an object"),
        (with("/attributes/1/name", json!(null)), "attributes[1].name: it is missing"),
        (with("/attributes/1/name", json!("$ref")), "attributes[1].name: \"$ref\" is no name"),
        (with("/attributes/1/name", json!("9lives")), "attributes[1].name: "),
        (with("/attributes/1/name", json!("a.b")), "attributes[1].name: "),
        (with("/attributes/1/name", json!("a\"b")), "attributes[1].name: "),
        (with("/attributes/1/name", json!("é")), "attributes[1].name: "),
        (with("/attributes/1/name", json!("a".repeat(101))), "attributes[1].name: "),
        (
            with("/attributes/1/name", json!("NUMBER")),
            "attributes[1].name: there is an attribute \"number\" already",
        ),
        (
            with("/attributes/1/type", json!("text")),
            "attributes[1].type: \"text\" is none; give one of string, boolean",
        ),
        (with("/attributes/1/type", json!("String")), "attributes[1].type: "),
        (
            with("/attributes/1/multiValued", json!("yes")),
            "attributes[1].multiValued: expected true or false",
        ),
        (with("/attributes/1/mutability", json!("never")), "attributes[1].mutability: "),
        (
            with("/attributes/1/mutability", json!("writeOnly")),
            "attributes[1].mutability: nobody could ever read",
        ),
        (with("/attributes/1/returned", json!("never")), "attributes[1].returned: nobody could ever read"),
        (
            with("/attributes/1/uniqueness", json!("global")),
            "attributes[1].uniqueness: values can be unique in their directory",
        ),
        (with("/attributes/2/uniqueness", json!("server")), "attributes[2].uniqueness: "),
        (with("/attributes/1/canonicalValues", json!(["1"])), "attributes[1].canonicalValues: "),
        (
            with("/attributes/0/canonicalValues", json!([1])),
            "attributes[0].canonicalValues: expected a list of strings",
        ),
        (with("/attributes/0/referenceTypes", json!(["User"])), "attributes[0].referenceTypes: "),
        (with("/attributes/0/subAttributes", json!([{"name": "a"}])), "attributes[0].subAttributes: "),
        (with("/attributes/2/subAttributes", json!(null)), "attributes[2].subAttributes: it is missing"),
        (
            with("/attributes/2/subAttributes/0/type", json!("complex")),
            "attributes[2].subAttributes[0].type: a sub-attribute cannot be complex",
        ),
        (with("/attributes/2/subAttributes/2/name", json!("VALUE")), "attributes[2].subAttributes[2].name: "),
        (
            with("/attributes/1/multi_valued", json!(true)),
            "attributes[1].multi_valued: there is no such characteristic",
        ),
        (with("/attribute", json!([])), "attribute: there is no such characteristic"),
    ] {
        let error = read(sent.clone()).expect_err(&sent.to_string());
        assert!(error.detail.starts_with(beginning), "{sent}: {error}");
    }
}

#[test]
fn a_urn_is_one_and_means_nothing_else_anywhere() {
    for good in [
        "urn:example:x",
        "URN:acme-1:a_b~c.d-e:2.0:User",
        "urn:ietf:params:scim:schemas:extension:acme:2.0:User",
    ] {
        assert!(read(with("/id", json!(good))).is_ok(), "{good}");
    }
    for bad in [
        "http://example.com/x",
        "urn:",
        "urn:x",
        "urn:example",
        "urn:example:",
        "urn:e:x",
        "urn:-ex:x",
        "urn:example:a b",
        "urn:example:a\"b",
        "urn:example:a'b",
        "urn:example:a\\b",
        "urn:example:a[0]",
        "urn:example:a(b)",
        "urn:example:a,b",
        "urn:example:a:",
        "urn:example:.a",
        "urn:example:é",
        "urn:example:a\n",
        "urn:ietf:params:scim:api:messages:2.0:PatchOp",
        "urn:IETF:params:scim:schemas:core:2.0:Device",
    ] {
        let error = read(with("/id", json!(bad))).expect_err(bad);
        assert!(error.detail.starts_with("id: "), "{bad}: {error}");
    }
    let long = format!("urn:example:{}", "a".repeat(200));
    assert!(read(with("/id", json!(long))).is_err());
}

#[test]
fn a_schema_has_room_where_no_name_would_have_two_meanings() {
    let room = |urn: &str| {
        let schema = read(with("/id", json!(urn))).unwrap();
        require_room(&schema, ["urn:example:door"].into_iter())
    };
    for good in [
        "urn:example:doors",
        "urn:example:doo",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Users",
    ] {
        room(good).unwrap();
    }
    for bad in [
        "urn:example:DOOR",
        "urn:example:door:2.0",
        "urn:example:door.x",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:x",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
        ENTERPRISE_USER,
    ] {
        assert!(room(bad).unwrap_err().detail.starts_with("id: "), "{bad}");
    }
    let short = read(with("/id", json!("urn:example:acme"))).unwrap();
    assert!(require_room(&short, ["urn:example:acme:door"].into_iter()).is_err());
}

#[test]
fn a_schema_has_only_so_many_attributes() {
    let attributes =
        |count: usize| (0..count).map(|number| json!({"name": format!("a{number}")})).collect::<Vec<_>>();
    assert!(read(with("/attributes", json!(attributes(200)))).is_ok());
    let error = read(with("/attributes", json!(attributes(201)))).unwrap_err();
    assert!(error.detail.contains("201") && error.detail.contains("200"), "{error}");
}

#[test]
fn what_resources_have_must_stay_right_when_a_schema_changes() {
    let before = read(badge()).unwrap();
    for harmless in [
        with("/description", json!("other")),
        with("/attributes/0/required", json!(false)),
        with("/attributes/2/subAttributes/2/canonicalValues", json!(["side"])),
        {
            let mut more = badge();
            more["attributes"].as_array_mut().unwrap().push(json!({"name": "colour"}));
            more["attributes"][2]["subAttributes"].as_array_mut().unwrap().push(json!({"name": "colour"}));
            more
        },
    ] {
        require_compatible(&before, &read(harmless).unwrap()).unwrap();
    }
    for (harmful, naming) in [
        (with("/attributes/1/name", json!("grade")), "level is missing"),
        (with("/attributes/1/name", json!("Level")), "level is missing"),
        (with("/attributes/1/type", json!("string")), "type of level"),
        (with("/attributes/1/multiValued", json!(true)), "multiValued of level"),
        (with("/attributes/0/caseExact", json!(false)), "caseExact of number"),
        (with("/attributes/0/uniqueness", json!("none")), "uniqueness of number"),
        (with("/attributes/2/subAttributes/2/type", json!("integer")), "kind"),
    ] {
        let mut harmful = harmful;
        let kind = &mut harmful["attributes"][2]["subAttributes"][2];
        if kind["type"] == "integer" {
            kind.as_object_mut().unwrap().shift_remove("canonicalValues");
        }
        let error = require_compatible(&before, &read(harmful).unwrap()).unwrap_err();
        assert!(error.detail.contains(naming), "{error}");
    }
    require_compatible(builtin::user_schema(), builtin::user_schema()).unwrap();
}
