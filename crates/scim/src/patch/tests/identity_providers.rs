//! What identity providers send beyond the RFC's letter.

use std::slice::from_ref;

use serde_json::json;

use super::*;
use crate::error::ScimType;

#[test]
fn okta_deactivates_without_a_path() {
    let off = ana_with(&json!({"active": false}));
    assert_eq!(user(&ana(), &[json!({"op": "replace", "value": {"active": false}})]), off);
    assert_eq!(user(&ana(), &[json!({"op": "replace", "path": "", "value": {"active": "false"}})]), off);
}

#[test]
fn entra_writes_booleans_as_words() {
    let off = ana_with(&json!({"active": false}));
    assert_eq!(user(&ana(), &[json!({"op": "replace", "path": "active", "value": "False"})]), off);
    assert_eq!(user(&off, &[json!({"op": "add", "path": "active", "value": "True"})]), ana());
}

#[test]
fn entra_merges_attributes_under_dotted_keys_and_urns() {
    let operation = json!({"op": "replace", "value": {
        "displayName": "Ana R",
        "name.givenName": "Anna",
        "emails[type eq \"home\"].value": "new@home.test",
        format!("{ENTERPRISE_USER}:department"): "Sales",
        "shoeSize": 43,
        "shoes[size eq 43].colour": "blue",
        "groups[value eq \"g\"].display": "ignored",
    }});
    let expected = ana_with(&json!({
        "displayName": "Ana R",
        "name": {"familyName": "Ruiz", "givenName": "Anna"},
        "emails": [{"value": "ana@work.test", "type": "work", "primary": true}, {"value": "new@home.test", "type": "home"}],
        ENTERPRISE_USER: {"department": "Sales", "manager": {"value": "u2"}},
    }));
    assert_eq!(user(&ana(), &[operation]), expected);
}

#[test]
fn keycloak_sends_the_object_as_a_string() {
    let operation = json!({"op": "replace", "value": "{\"title\": \"CEO\", \"active\": true}"});
    assert_eq!(user(&ana(), &[operation]), ana_with(&json!({"title": "CEO"})));
}

#[test]
fn add_creates_the_element_that_a_value_path_describes() {
    let created = |path: &str, value: Value| {
        user(&json!({"userName": "ana"}), &[json!({"op": "add", "path": path, "value": value})])
    };
    assert_eq!(
        created("phoneNumbers[type eq \"Work\"].value", json!("+34 1"))["phoneNumbers"],
        json!([{"value": "+34 1", "type": "Work"}])
    );
    assert_eq!(
        created("roles[primary eq \"True\"].value", json!("admin"))["roles"],
        json!([{"value": "admin", "primary": true}])
    );
    assert_eq!(
        created("roles[primary eq true].value", json!("{\"value\": \"admin\", \"display\": \"Admin\"}"))["roles"],
        json!([{"value": "admin", "display": "Admin", "primary": true}])
    );
    assert_eq!(
        created("addresses[type eq \"work\" and country eq \"FR\"]", json!({"locality": "Paris"}))["addresses"],
        json!([{"locality": "Paris", "country": "FR", "type": "work"}])
    );
    assert_eq!(created("emails[type eq \"work\"].value", json!(""))["emails"], json!(null));
}

#[test]
fn several_operations_fill_one_element() {
    let part = |name: &str, value: &str| json!({"op": "add", "path": format!("addresses[type eq \"work\"].{name}"), "value": value});
    let after = user(&ana(), &[part("country", "FR"), part("locality", "Paris"), part("country", "DE")]);
    assert_eq!(after["addresses"], json!([{"locality": "Paris", "country": "DE", "type": "work"}]));
}

#[test]
fn replace_creates_it_too_but_not_by_the_letter_of_the_rfc() {
    let operation =
        json!({"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "+34 1"});
    let clear = json!({"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": ""});
    for profile in [Profile::Okta, Profile::Entra] {
        let after = patched(profile, builtin::user(), &ana(), from_ref(&operation)).unwrap();
        assert_eq!(after, ana_with(&json!({"phoneNumbers": [{"value": "+34 1", "type": "work"}]})));
        assert_eq!(patched(profile, builtin::user(), &ana(), from_ref(&clear)).unwrap(), ana());
    }
    for operation in [operation, clear] {
        assert_eq!(refused(&ana(), &[operation]).scim_type, ScimType::NoTarget);
    }
}

#[test]
fn what_a_condition_leaves_open_is_not_created() {
    for path in [
        "phoneNumbers[type eq \"work\" or type eq \"home\"].value",
        "phoneNumbers[type sw \"w\"].value",
        "phoneNumbers[not (type eq \"work\")].value",
        "phoneNumbers[type eq \"work\" and type eq \"home\"].value",
    ] {
        for op in ["add", "replace"] {
            let operation = json!({"op": op, "path": path, "value": "1"});
            let error = patched(Profile::Entra, builtin::user(), &ana(), &[operation]).unwrap_err();
            assert_eq!(error.scim_type, ScimType::NoTarget, "{path}");
        }
    }
}

#[test]
fn empty_and_null_clear() {
    let cleared = ana_with(&json!({"title": null, "name": {"familyName": "Ruiz"}, "emails": null}));
    for nothing in [json!(""), json!(null)] {
        let each = ["title", "name.givenName", "emails"]
            .map(|path| json!({"op": "replace", "path": path, "value": nothing}));
        assert_eq!(user(&ana(), &each), cleared);
        let together = json!({"op": "replace", "value": {"title": nothing, "name.givenName": nothing, "emails": nothing}});
        assert_eq!(user(&ana(), &[together]), cleared);
        let whole = json!({"op": "replace", "path": "name", "value": nothing});
        assert_eq!(user(&ana(), &[whole]), ana_with(&json!({"name": null})));
    }
    let value = json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": ""});
    assert_eq!(user(&ana(), &[value])["emails"][1], json!({"type": "home"}));
    assert_eq!(
        user(&ana(), &[json!({"op": "replace", "path": "emails", "value": []})]),
        ana_with(&json!({"emails": null}))
    );
}

#[test]
fn a_manager_comes_in_many_forms() {
    let expected = ana_with(&json!({ENTERPRISE_USER: {"department": "Ops", "manager": {"value": "u3"}}}));
    for path in ["manager", &format!("{ENTERPRISE_USER}:manager"), &format!("{ENTERPRISE_USER}.manager")] {
        for value in [json!("u3"), json!({"value": "u3"}), json!([{"$ref": null, "value": "u3"}])] {
            assert_eq!(user(&ana(), &[json!({"op": "add", "path": path, "value": value})]), expected);
        }
        let cleared = ana_with(&json!({ENTERPRISE_USER: {"department": "Ops"}}));
        for operation in [
            json!({"op": "replace", "path": path, "value": ""}),
            json!({"op": "replace", "path": path, "value": []}),
            json!({"op": "remove", "path": path}),
            json!({"op": "remove", "path": path, "value": [{"$ref": "../Users/u2", "value": "u2"}]}),
        ] {
            assert_eq!(user(&ana(), &[operation]), cleared);
        }
    }
}

#[test]
fn a_reference_goes_with_the_value_that_it_was_of() {
    let manager = json!({"value": "u2", "$ref": "../Users/u2"});
    let before = ana_with(&json!({ENTERPRISE_USER: {"manager": manager}}));
    for operation in [
        json!({"op": "replace", "path": "manager", "value": "u3"}),
        json!({"op": "add", "value": {"manager.value": "u3"}}),
    ] {
        assert_eq!(user(&before, &[operation])[ENTERPRISE_USER]["manager"], json!({"value": "u3"}));
    }
    let same = json!({"op": "replace", "path": "manager", "value": {"value": "u2"}});
    assert_eq!(user(&before, &[same]), before);
    let other = json!({"op": "remove", "path": "manager", "value": {"value": "u9", "$ref": "../Users/u2"}});
    assert_eq!(user(&before, &[other]), before);
}

#[test]
fn remove_with_a_value_removes_exactly_what_it_names() {
    let team = json!({"displayName": "Ops", "members": [{"value": "u1"}, {"value": "u2", "type": "User"}, {"value": "U1"}]});
    let left = |named: Value| {
        group(&team, &[json!({"op": "remove", "path": "members", "value": named})])["members"].clone()
    };
    let others = json!([{"value": "u2", "type": "User"}, {"value": "U1"}]);
    for named in [
        json!([{"$ref": null, "value": "u1"}]),
        json!([{"value": "u1", "display": "whatever", "type": "User"}]),
        json!({"value": "u1"}),
        json!(["u1"]),
        json!("u1"),
        json!({"members": [{"value": "u1"}]}),
        json!([{"value": "u1"}, {"value": "nobody"}]),
    ] {
        assert_eq!(left(named.clone()), others, "{named}");
    }
    for nothing in [
        json!([]),
        json!(""),
        json!({}),
        json!([{"display": "Ana"}]),
        json!([{"value": "u2", "type": "Group"}]),
    ] {
        assert_eq!(left(nothing.clone()), team["members"], "{nothing}");
    }
    assert_eq!(left(json!(null)), json!(null));
    let keep =
        |path: &str, value: Value| user(&ana(), &[json!({"op": "remove", "path": path, "value": value})]);
    assert_eq!(keep("title", json!("CEO")), ana());
    assert_eq!(keep("title", json!("boss")), ana_with(&json!({"title": null})));
    assert_eq!(keep("title", json!("")), ana_with(&json!({"title": null})));
    assert_eq!(
        keep("name", json!({"givenName": "Ana", "familyName": "Other"})),
        ana_with(&json!({"name": {"familyName": "Ruiz"}}))
    );
    assert_eq!(keep("emails[type eq \"home\"].value", json!("other")), ana());
}

#[test]
fn a_rename_repeats_the_id_and_the_whole_resource() {
    let team = json!({"displayName": "Ops", "members": [{"value": "u1"}]});
    let renamed = json!({"displayName": "Ops 2", "members": [{"value": "u1"}]});
    assert_eq!(
        group(&team, &[json!({"op": "replace", "value": {"id": ID, "displayName": "Ops 2"}})]),
        renamed
    );
    let whole = json!({"op": "replace", "value": {
        "id": ID,
        "schemas": [crate::schema::GROUP],
        "meta": {"resourceType": "Group"},
        "displayName": "Ops 2",
        "members": [{"value": "u1"}],
    }});
    assert_eq!(group(&team, &[whole]), renamed);
    assert_eq!(
        user(&ana(), &[json!({"op": "add", "value": {"groups": [{"value": "g"}], "meta": {}, "id": null}})]),
        ana()
    );
    let other = refused(&ana(), &[json!({"op": "replace", "value": {"id": "other", "title": "CEO"}})]);
    assert_eq!(other.scim_type, ScimType::Mutability);
}

#[test]
fn a_request_removes_and_adds_members() {
    let team = json!({"displayName": "Ops", "members": [{"value": "u1"}, {"value": "u2"}]});
    let operations = [
        json!({"op": "remove", "path": "members[value eq \"u1\"]"}),
        json!({"op": "add", "path": "members", "value": [{"value": "u3", "display": "x"}, {"value": "u2"}]}),
    ];
    assert_eq!(group(&team, &operations)["members"], json!([{"value": "u2"}, {"value": "u3"}]));
    let pushed = json!({"op": "replace", "value": {"members": [{"value": "u1"}]}});
    assert_eq!(group(&team, &[pushed])["members"], json!([{"value": "u1"}]));
    let emptied = json!({"op": "replace", "path": "members", "value": []});
    assert_eq!(group(&team, &[emptied]), json!({"displayName": "Ops"}));
    let bare = json!({"op": "add", "path": "members", "value": "string id 1"});
    assert_eq!(group(&team, &[bare])["members"][2], json!({"value": "string id 1"}));
}

#[test]
fn the_schemas_follow_the_extensions() {
    for op in ["add", "replace"] {
        let operation = json!({"op": op, "path": "schemas", "value": [crate::schema::USER, ENTERPRISE_USER, "urn:example:x"]});
        assert_eq!(user(&ana(), &[operation]), ana());
    }
    assert_eq!(
        user(&ana(), &[json!({"op": "remove", "path": "schemas", "value": ["urn:example:x"]})]),
        ana()
    );
}

#[test]
fn an_unquoted_value_in_a_path_is_read_where_the_directory_allows_it() {
    let operation = json!({"op": "replace", "path": "emails[type eq work].value", "value": "x"});
    for profile in [Profile::Okta, Profile::Entra] {
        assert!(patched(profile, builtin::user(), &ana(), from_ref(&operation)).is_ok());
    }
    assert_eq!(refused(&ana(), &[operation]).scim_type, ScimType::InvalidPath);
}
