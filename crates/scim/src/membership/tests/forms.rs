//! The forms in which clients name members, and what they do not mean.

use super::*;
use crate::definition::Extension;
use crate::registration;
use crate::schema::GROUP;

#[test]
fn nobody_has_an_empty_id() {
    for members in [json!([""]), json!([{"value": ""}]), json!({"value": ""}), json!([{"value": null}])] {
        let error = split_one(Kind::Add, Some("members"), Some(members.clone())).expect_err("an id");
        assert_eq!(error.scim_type, ScimType::InvalidValue, "{members}");
        assert!(error.detail.starts_with("Operations[0]: members[0]: expected an object"), "{error}");
    }
}

#[test]
fn nothing_and_an_empty_text_name_nobody() {
    for nobody in [json!(""), json!([]), json!(null)] {
        let change = |kind| change(kind, Some("members"), Some(nobody.clone()));
        assert_eq!(change(Kind::Add), MemberChange::Add(Vec::new()), "{nobody}");
        assert_eq!(change(Kind::Replace), MemberChange::Replace(Vec::new()), "{nobody}");
    }
}

#[test]
fn a_member_to_remove_is_named_in_every_form_in_which_one_is_added() {
    let one = MemberChange::Remove(ids_of(&["u1"]));
    for named in [
        json!({"Value": "u1"}),
        json!({"value": "u1", "members": [{"value": "u2"}]}),
        json!([{"VALUE": "u1", "type": "User"}]),
        json!({"members": "u1"}),
    ] {
        assert_eq!(change(Kind::Remove, Some("members"), Some(named.clone())), one, "{named}");
    }
    let nameless = split_one(Kind::Remove, Some("members"), Some(json!({"display": "Ana"})));
    assert_eq!(nameless.unwrap_err().scim_type, ScimType::InvalidValue);
}

#[test]
fn the_schema_of_the_group_is_a_path_to_all_its_attributes() {
    for path in [GROUP, &GROUP.to_uppercase()] {
        let value = json!({"members": [{"value": "u1"}], "displayName": "Ops"});
        let patch = split_one(Kind::Add, Some(path), Some(value)).unwrap();
        assert_eq!(patch.members, [(0, MemberChange::Add(ids_of(&["u1"])))]);
        assert_eq!(patch.attributes[0].value, Some(json!({"displayName": "Ops"})));
    }
}

#[test]
fn a_filter_that_asks_for_more_than_ids_describes_members() {
    for path in [
        "members[value eq \"u1\" or type eq \"User\"]",
        "members[value eq \"u1\" and type eq \"User\"]",
        "members[not (value eq \"u1\")]",
        "members[value sw \"u\"]",
        "members[type eq \"u1\"]",
    ] {
        assert!(matches!(change(Kind::Remove, Some(path), None), MemberChange::RemoveWhere(_)), "{path}");
        for kind in [Kind::Add, Kind::Replace] {
            let error = split_one(kind, Some(path), Some(json!({"value": "u1"}))).expect_err(path);
            assert_eq!(error.scim_type, ScimType::Mutability, "{path}");
        }
    }
}

#[test]
fn to_write_some_of_the_members_that_the_path_names_is_to_have_them_all() {
    let path = Some("members[value eq \"u1\" or value eq \"u2\"]");
    let both = MemberChange::Add(ids_of(&["u1", "u2"]));
    for value in [None, Some(json!([])), Some(json!("u2")), Some(json!([{"value": "u2"}, {"value": "u1"}]))] {
        assert_eq!(change(Kind::Add, path, value.clone()), both, "{value:?}");
    }
    let more = split_one(Kind::Add, path, Some(json!(["u1", "u3"]))).unwrap_err();
    assert_eq!(more.scim_type, ScimType::Mutability);
}

#[test]
fn each_change_has_the_position_of_its_operation() {
    let title = operation(Kind::Replace, Some("displayName"), Some(json!("Ops")));
    let add = |value: Value| operation(Kind::Add, Some("members"), Some(value));
    let all = vec![add(json!("u1")), title.clone(), add(json!("u2"))];
    let patch = split(all, builtin::group(), Profile::Generic.rules()).unwrap();
    let expected = [(0, MemberChange::Add(ids_of(&["u1"]))), (2, MemberChange::Add(ids_of(&["u2"])))];
    assert_eq!(patch.members, expected);
    let wrong = split(vec![title, add(json!(7))], builtin::group(), Profile::Generic.rules()).unwrap_err();
    assert!(wrong.detail.starts_with("Operations[1]: members[0]: "), "{wrong}");
}

#[test]
fn what_an_extension_calls_members_are_no_members() {
    let schema = registration::read(json!({"id": "urn:example:choir", "attributes": [{"name": "members"}]}));
    let mut definition = builtin::group().clone();
    definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
    let by_path = operation(Kind::Replace, Some("urn:example:choir:members"), Some(json!("sopranos")));
    let by_name = operation(Kind::Replace, None, Some(json!({"urn:example:choir:members": "sopranos"})));
    let sent = vec![by_path, by_name];
    let patch = split(sent.clone(), &definition, Profile::Generic.rules()).unwrap();
    assert_eq!((patch.attributes, patch.members), (sent, Vec::new()));
}

#[test]
fn what_is_no_value_of_a_group_is_left_for_the_patch_to_refuse() {
    let remove = operation(Kind::Remove, None, Some(json!({"members": [{"value": "u1"}]})));
    let number = operation(Kind::Replace, None, Some(json!(7)));
    let text = operation(Kind::Replace, None, Some(json!("members")));
    let sent = vec![remove, number, text];
    let patch = split(sent.clone(), builtin::group(), Profile::Generic.rules()).unwrap();
    assert_eq!((patch.attributes, patch.members), (sent, Vec::new()));
}
