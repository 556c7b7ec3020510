//! The operations as RFC 7644 §3.5.2 has them, its own examples among them.

use std::slice::from_ref;

use serde_json::json;

use super::*;

#[test]
fn the_examples_of_the_rfc_do_what_it_says() {
    let group_with = |members: Value| json!({"displayName": "Tour Guides", "members": members});
    let before = group_with(json!([{"value": "2819c223"}, {"value": "902c246b"}]));
    let add = json!({"op": "add", "path": "members", "value": [{"display": "Babs Jensen", "$ref": null, "value": "acbf3ae7"}]});
    let expected = group_with(json!([{"value": "2819c223"}, {"value": "902c246b"}, {"value": "acbf3ae7"}]));
    assert_eq!(group(&before, &[add]), expected);

    let remove_one = json!({"op": "remove", "path": "members[value eq \"2819c223\"]"});
    assert_eq!(group(&before, &[remove_one]), group_with(json!([{"value": "902c246b"}])));
    let remove_all = json!({"op": "remove", "path": "members"});
    assert_eq!(group(&before, from_ref(&remove_all)), json!({"displayName": "Tour Guides"}));
    let anew = json!({"op": "add", "path": "members", "value": [{"value": "902c246b"}]});
    assert_eq!(group(&before, &[remove_all, anew]), group_with(json!([{"value": "902c246b"}])));

    let pathless = json!({"op": "add", "value": {
        "emails": [{"value": "babs@jensen.org", "type": "home"}],
        "nickName": "Babs",
    }});
    assert_eq!(
        user(&json!({"userName": "bjensen"}), &[pathless]),
        json!({"userName": "bjensen", "nickName": "Babs", "emails": [{"value": "babs@jensen.org", "type": "home"}]})
    );

    let remove_two = json!({"op": "remove", "path": "emails[type eq \"work\" and value ew \"work.test\"]"});
    assert_eq!(
        user(&ana(), &[remove_two]),
        ana_with(&json!({"emails": [{"value": "ana@home.test", "type": "home"}]}))
    );

    let address = json!({"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood",
        "region": "CA", "postalCode": "91608", "country": "US", "primary": true});
    let before = ana_with(
        &json!({"addresses": [{"type": "work", "formatted": "old", "locality": "Paris"}, {"type": "home", "primary": true}]}),
    );
    let replace = json!({"op": "replace", "path": "addresses[type eq \"work\"]", "value": address});
    let after = user(&before, &[replace]);
    assert_eq!(after["addresses"], json!([address, {"type": "home", "primary": false}]));
    let street = json!({"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave"});
    assert_eq!(user(&after, &[street])["addresses"][0]["streetAddress"], json!("1010 Broadway Ave"));
    let both = json!({"op": "replace", "value": {"emails": [{"value": "x@x.test"}], "nickName": "Babs"}});
    assert_eq!(
        user(&ana(), &[both]),
        ana_with(&json!({"emails": [{"value": "x@x.test"}], "nickName": "Babs"}))
    );
}

#[test]
fn a_single_value_is_set_alike_by_add_and_replace() {
    for op in ["add", "replace"] {
        let set = |path: &str, value: Value| user(&ana(), &[json!({"op": op, "path": path, "value": value})]);
        assert_eq!(set("title", json!("CEO")), ana_with(&json!({"title": "CEO"})));
        assert_eq!(set("NICKNAME", json!("An")), ana_with(&json!({"nickName": "An"})));
        assert_eq!(set("userName", json!("ANA")), ana_with(&json!({"userName": "ANA"})));
        let named = ana_with(&json!({"name": {"familyName": "Ruiz", "givenName": "Anna"}}));
        assert_eq!(set("name.givenName", json!("Anna")), named);
        assert_eq!(set("name", json!({"givenName": "Anna"})), named, "what is not named stays");
        assert_eq!(set("name", json!({})), ana());
    }
}

#[test]
fn add_appends_what_is_not_there() {
    let add = |value: Value| user(&ana(), &[json!({"op": "add", "path": "emails", "value": value})]);
    assert_eq!(add(json!([])), ana());
    assert_eq!(add(json!([{"value": "ana@work.test", "type": "work"}])), ana());
    assert_eq!(add(json!({"value": "ANA@work.test", "type": "WORK"})), ana(), "neither has a case");
    assert_eq!(add(json!("ana@home.test")), ana());
    let emails = add(json!([{"value": "ana@work.test", "type": "other"}, {"value": "c@x.test"}]));
    assert_eq!(emails["emails"].as_array().unwrap().len(), 4, "another type is another value");
    let emails = add(json!([{"value": "ana@home.test", "display": "Home"}]));
    assert_eq!(emails["emails"][1], json!({"value": "ana@home.test", "display": "Home", "type": "home"}));
}

#[test]
fn an_address_is_what_all_its_parts_are() {
    let before = ana_with(&json!({"addresses": [{"locality": "Paris", "type": "work"}]}));
    let add = |value: Value| user(&before, &[json!({"op": "add", "path": "addresses", "value": value})]);
    assert_eq!(add(json!([{"type": "Work", "locality": "paris"}])), before);
    assert_eq!(
        add(json!([{"type": "work", "locality": "Paris", "primary": true}]))["addresses"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(add(json!([{"type": "work"}]))["addresses"].as_array().unwrap().len(), 2);
}

#[test]
fn many_elements_are_found_as_few_are() {
    let emails: Vec<Value> =
        (0..40).map(|n| json!({"value": format!("{n}@x.test"), "type": "work"})).collect();
    let many = user(&ana(), &[json!({"op": "replace", "path": "emails", "value": emails})]);
    let again: Vec<Value> =
        (0..50).map(|n| json!({"value": format!("{n}@X.test"), "type": "WORK"})).collect();
    let more = user(&many, &[json!({"op": "add", "path": "emails", "value": again})]);
    assert_eq!(more["emails"].as_array().unwrap().len(), 50);
    assert_eq!(more["emails"][0], json!({"value": "0@x.test", "type": "work"}));
    let none = user(&more, &[json!({"op": "remove", "path": "emails", "value": again})]);
    assert_eq!(none, ana_with(&json!({"emails": null})));
}

#[test]
fn replace_sets_a_list() {
    let replaced = user(
        &ana(),
        &[json!({"op": "replace", "path": "emails", "value": [{"value": "z"}, {"value": "z"}]})],
    );
    assert_eq!(replaced["emails"], json!([{"value": "z"}]));
}

#[test]
fn the_last_primary_is_the_only_one() {
    let home = json!({"value": "ana@home.test", "type": "home", "primary": true});
    let expected = json!([{"value": "ana@work.test", "type": "work", "primary": false}, home]);
    for operation in [
        json!({"op": "add", "path": "emails", "value": [home]}),
        json!({"op": "add", "value": {"emails": home}}),
        json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}),
        json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"primary": "True"}}),
        json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": home}),
    ] {
        assert_eq!(user(&ana(), &[operation])["emails"], expected);
    }
    let two = refused(&ana(), &[json!({"op": "replace", "path": "emails.primary", "value": true})]);
    assert_eq!(two.detail, "Operations[0]: emails: primary can be true for one element only");
    let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]);
    assert!(
        patched(
            Profile::Okta,
            builtin::user(),
            &ana(),
            &[json!({"op": "add", "path": "emails", "value": two})]
        )
        .is_err()
    );
}

#[test]
fn a_value_path_changes_all_that_it_selects() {
    let display = json!({"op": "replace", "path": "emails[value co \"ana\"].display", "value": "Ana"});
    let after = user(&ana(), &[display]);
    assert_eq!(
        (&after["emails"][0]["display"], &after["emails"][1]["display"]),
        (&json!("Ana"), &json!("Ana"))
    );
    let all = user(&ana(), &[json!({"op": "replace", "path": "emails.display", "value": "Ana"})]);
    assert_eq!(all, after, "without a filter all are selected");
    let removed = user(&after, &[json!({"op": "remove", "path": "emails[not (type eq \"x\")].display"})]);
    assert_eq!(removed, ana());
    assert_eq!(user(&after, &[json!({"op": "remove", "path": "emails.display"})]), ana());
}

#[test]
fn a_selected_element_is_replaced_but_for_what_selected_it() {
    let value = json!({"value": "new@work.test"});
    let replace = json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": value});
    let after = user(&ana(), from_ref(&replace));
    assert_eq!(after["emails"][0], json!({"value": "new@work.test", "type": "work"}));
    assert_eq!(user(&after, &[replace]), after);
    let same = json!({"op": "replace", "path": "emails[value co \"ana\"]", "value": {"value": "one"}});
    assert_eq!(user(&ana(), &[same])["emails"], json!([{"value": "one"}]));
    let gone = json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": null});
    assert_eq!(user(&ana(), &[gone])["emails"], json!([{"value": "ana@home.test", "type": "home"}]));
}

#[test]
fn a_sub_attribute_of_an_empty_list_makes_an_element() {
    let add = json!({"op": "add", "path": "phoneNumbers.value", "value": "+34 1"});
    assert_eq!(user(&ana(), &[add])["phoneNumbers"], json!([{"value": "+34 1"}]));
    assert_eq!(user(&ana(), &[json!({"op": "replace", "path": "phoneNumbers.value", "value": ""})]), ana());
}

#[test]
fn remove_takes_away_and_what_is_empty_goes_with_it() {
    let remove = |path: &str| user(&ana(), &[json!({"op": "remove", "path": path})]);
    assert_eq!(remove("title"), ana_with(&json!({"title": null})));
    assert_eq!(remove("nickName"), ana());
    assert_eq!(remove("name.givenName"), ana_with(&json!({"name": {"familyName": "Ruiz"}})));
    assert_eq!(remove("emails"), ana_with(&json!({"emails": null})));
    assert_eq!(remove("emails[value pr]"), ana_with(&json!({"emails": null})));
    assert_eq!(remove("emails[type eq \"other\"]"), ana(), "to remove what is not there succeeds");
    assert_eq!(remove("phoneNumbers[type eq \"work\"].value"), ana());
    let twice = [
        json!({"op": "remove", "path": "name.givenName"}),
        json!({"op": "remove", "path": "name.familyName"}),
    ];
    assert_eq!(user(&ana(), &twice), ana_with(&json!({"name": null})));
}

#[test]
fn an_extension_goes_with_its_last_attribute() {
    let department = format!("{ENTERPRISE_USER}:department");
    let manager = format!("{ENTERPRISE_USER}:manager");
    let without = ana_with(&json!({ENTERPRISE_USER: null}));
    let each = [json!({"op": "remove", "path": department}), json!({"op": "remove", "path": manager})];
    assert_eq!(user(&ana(), &each), without);
    assert_eq!(user(&ana(), &[json!({"op": "remove", "path": ENTERPRISE_USER})]), without);
    assert_eq!(
        user(&ana(), &[json!({"op": "remove", "path": "schemas", "value": [ENTERPRISE_USER]})]),
        without
    );
    assert_eq!(user(&ana(), &[json!({"op": "replace", "value": {ENTERPRISE_USER: null}})]), without);
    assert_eq!(user(&ana(), &[json!({"op": "add", "value": {ENTERPRISE_USER: null}})]), ana());
}

#[test]
fn an_extension_is_changed_by_its_urn() {
    let expected = ana_with(
        &json!({ENTERPRISE_USER: {"division": "Parks", "department": "Ops", "manager": {"value": "u2"}}}),
    );
    for operation in [
        json!({"op": "add", "path": ENTERPRISE_USER, "value": {"division": "Parks"}}),
        json!({"op": "replace", "path": ENTERPRISE_USER.to_lowercase(), "value": {"Division": "Parks", "unknown": 1}}),
        json!({"op": "replace", "value": {ENTERPRISE_USER: {"division": "Parks"}}}),
        json!({"op": "add", "path": format!("{ENTERPRISE_USER}:division"), "value": "Parks"}),
    ] {
        assert_eq!(user(&ana(), &[operation]), expected);
    }
    let core = format!("{}:title", crate::schema::USER);
    assert_eq!(
        user(&ana(), &[json!({"op": "replace", "path": core, "value": "CEO"})]),
        ana_with(&json!({"title": "CEO"}))
    );
    let whole = json!({"op": "replace", "path": crate::schema::USER, "value": {"title": "CEO"}});
    assert_eq!(user(&ana(), &[whole]), ana_with(&json!({"title": "CEO"})));
    let named =
        json!({"op": "remove", "path": ENTERPRISE_USER, "value": {"department": "OPS", "manager": "u9"}});
    assert_eq!(user(&ana(), &[named]), ana_with(&json!({ENTERPRISE_USER: {"manager": {"value": "u2"}}})));
}

#[test]
fn operations_see_what_those_before_have_done() {
    let operations = [
        json!({"op": "add", "path": "phoneNumbers", "value": [{"value": "1", "type": "work"}]}),
        json!({"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "2"}),
        json!({"op": "add", "path": "nickName", "value": "a"}),
        json!({"op": "replace", "path": "nickName", "value": "b"}),
    ];
    assert_eq!(
        user(&ana(), &operations),
        ana_with(&json!({"phoneNumbers": [{"value": "2", "type": "work"}], "nickName": "b"}))
    );
    assert_eq!(user(&ana(), &[]), ana());
}

#[test]
fn the_result_has_the_order_of_the_schema() {
    let operations = [
        json!({"op": "add", "path": "externalId", "value": "x"}),
        json!({"op": "replace", "path": "userName", "value": "ana"}),
        json!({"op": "add", "path": "name.formatted", "value": "Ana Ruiz"}),
        json!({"op": "add", "path": "emails[type eq \"home\"].display", "value": "Home"}),
    ];
    let after = user(
        &json!({"userName": "ana", "name": {"givenName": "Ana"}, "emails": [{"value": "a", "type": "home"}]}),
        &operations,
    );
    assert_eq!(
        after.to_string(),
        r#"{"externalId":"x","userName":"ana","name":{"formatted":"Ana Ruiz","givenName":"Ana"},"emails":[{"value":"a","display":"Home","type":"home"}]}"#
    );
}

#[test]
fn what_is_immutable_is_set_once() {
    let mut definition = builtin::user().clone();
    for name in ["nickName", "title", "entitlements"] {
        let attributes = &mut definition.schema.attributes;
        attributes.iter_mut().find(|attribute| attribute.name == name).unwrap().mutability =
            crate::schema::Mutability::Immutable;
    }
    let before = ana_with(&json!({"entitlements": [{"value": "e1"}]}));
    let result = |operation: Value| patched(Profile::Generic, &definition, &before, &[operation]);
    assert!(result(json!({"op": "add", "path": "nickName", "value": "An"})).is_ok());
    assert!(result(json!({"op": "replace", "path": "title", "value": "Boss"})).is_ok());
    assert!(result(json!({"op": "add", "path": "entitlements", "value": "e1"})).is_ok());
    for operation in [
        json!({"op": "replace", "path": "title", "value": "CEO"}),
        json!({"op": "replace", "path": "title", "value": null}),
        json!({"op": "remove", "path": "title"}),
        json!({"op": "add", "path": "entitlements", "value": "e2"}),
        json!({"op": "remove", "path": "entitlements[value eq \"e1\"]"}),
        json!({"op": "add", "path": "entitlements[value eq \"e1\"].display", "value": "E"}),
    ] {
        let error = result(operation.clone()).unwrap_err();
        assert_eq!(error.scim_type, crate::ScimType::Mutability, "{operation}: {error}");
    }
    let team = json!({"displayName": "Ops", "members": [{"value": "u1", "type": "User"}]});
    let member = |operation: Value| patched(Profile::Generic, builtin::group(), &team, &[operation]);
    for operation in [
        json!({"op": "replace", "path": "members[value eq \"u1\"].value", "value": "u2"}),
        json!({"op": "replace", "path": "members[value eq \"u1\"]", "value": {"value": "u2"}}),
        json!({"op": "remove", "path": "members[value eq \"u1\"].type"}),
    ] {
        let error = member(operation.clone()).unwrap_err();
        assert_eq!(error.scim_type, crate::ScimType::Mutability, "{operation}: {error}");
    }
    assert!(member(json!({"op": "remove", "path": "members[value eq \"u1\"]"})).is_ok());
}
