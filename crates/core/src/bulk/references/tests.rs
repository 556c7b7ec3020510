//! Where references stand, and where what looks like one does not.

use rollcall_api::v1::bulk_operation::{CreateGroup, CreateUser, DeleteResource, PatchResource};
use rollcall_api::v1::{EnterpriseUser, enterprise_user, patch_operation};
use rollcall_api::value::from_message;
use rollcall_scim::definition::Extension;
use rollcall_scim::{Profile, builtin};
use serde_json::json;

use super::*;

const ENTERPRISE: &str = ENTERPRISE_USER;
const OWN: &str = "urn:example:1.0:Own";

/// Users with an extension of the directory's own.
fn users() -> Definition {
    let mut definition = builtin::user().clone();
    let mut schema = builtin::group_schema().clone();
    schema.id = OWN.to_owned();
    definition.extensions.push(Extension { schema, required: false });
    definition
}

/// An operation with every reference `bulkId:x` resolved to `[x]`.
fn resolved(mut operation: Operation) -> Operation {
    let user = users();
    let reading = Reading { user: &user, group: builtin::group(), rules: Profile::Okta.rules() };
    each_id(&mut operation, reading, &mut |text| {
        if let Some(id) = bulk_id(text) {
            *text = format!("[{id}]");
        }
    });
    operation
}

fn patch(path: Option<&str>, value: Option<Json>) -> PatchResource {
    let operation = PatchOperation {
        kind: patch_operation::Kind::Add.into(),
        path: path.map(str::to_owned),
        value: value.map(to_message),
        continues: false,
    };
    PatchResource { id: "bulkId:i".to_owned(), operations: vec![operation], if_match: Vec::new() }
}

fn parts(patch: PatchResource) -> (Option<String>, Option<Json>) {
    assert_eq!(patch.id, "[i]");
    let operation = patch.operations.into_iter().next().unwrap();
    (operation.path, operation.value.map(from_message))
}

fn user_patch(path: Option<&str>, value: Json) -> Json {
    let Operation::PatchUser(changed) = resolved(Operation::PatchUser(patch(path, Some(value)))) else {
        panic!("another operation")
    };
    parts(changed).1.unwrap()
}

fn group_patch(path: Option<&str>, value: Option<Json>) -> (Option<String>, Option<Json>) {
    let Operation::PatchGroup(changed) = resolved(Operation::PatchGroup(patch(path, value))) else {
        panic!("another operation")
    };
    parts(changed)
}

#[test]
fn a_reference_is_a_prefix_and_a_bulk_id() {
    assert_eq!(bulk_id("bulkId:qwerty"), Some("qwerty"));
    assert_eq!(bulk_id("BULKID:a:b "), Some("a:b "));
    assert_eq!(bulk_id("bulkId:"), Some(""));
    for other in ["", "bulkId", "bulk:x", " bulkId:x", "0197c6a0-0000-7000-8000-000000000000", "ééééé"] {
        assert_eq!(bulk_id(other), None, "{other}");
    }
}

#[test]
fn ids_stand_in_the_path_of_every_operation() {
    let delete = DeleteResource { id: "bulkId:x".to_owned(), if_match: vec!["bulkId:x".to_owned()] };
    let Operation::DeleteGroup(delete) = resolved(Operation::DeleteGroup(delete)) else { panic!() };
    assert_eq!((delete.id.as_str(), delete.if_match[0].as_str()), ("[x]", "bulkId:x"));
}

#[test]
fn a_user_refers_by_the_manager_and_by_extensions_and_not_by_its_names() {
    let manager = enterprise_user::Manager { value: Some("bulkId:m".to_owned()), ..Default::default() };
    let user = User {
        user_name: Some("bulkId:m".to_owned()),
        password: Some("bulkId:m".to_owned()),
        enterprise: Some(EnterpriseUser {
            department: Some("bulkId:m".to_owned()),
            manager: Some(manager),
            ..Default::default()
        }),
        extensions: [(
            OWN.to_owned(),
            to_message(json!({"mentor": "bulkId:m", "n": [1, {"x": "bulkId:m"}]})),
        )]
        .into(),
        ..User::default()
    };
    let create = Operation::CreateUser(CreateUser { user: Some(user.clone()) });
    let Operation::CreateUser(CreateUser { user: Some(changed) }) = resolved(create) else { panic!() };
    let mut expected = user;
    let manager = expected.enterprise.as_mut().and_then(|enterprise| enterprise.manager.as_mut());
    manager.unwrap().value = Some("[m]".to_owned());
    expected.extensions =
        [(OWN.to_owned(), to_message(json!({"mentor": "[m]", "n": [1, {"x": "[m]"}]})))].into();
    assert_eq!(changed, expected);
}

#[test]
fn a_group_refers_by_its_members() {
    let create = CreateGroup { members: vec!["u".to_owned(), "bulkId:u".to_owned()], group: None };
    let Operation::CreateGroup(create) = resolved(Operation::CreateGroup(create)) else { panic!() };
    assert_eq!(create.members, ["u", "[u]"]);
}

#[test]
fn a_patch_refers_by_members_in_every_form_that_clients_send() {
    for (path, value, expected) in [
        (
            Some("members"),
            json!([{"value": "bulkId:u", "display": "bulkId:u"}]),
            json!([{"value": "[u]", "display": "bulkId:u"}]),
        ),
        (Some(" Members "), json!(["bulkId:u", "v"]), json!(["[u]", "v"])),
        (Some("urn:ietf:params:scim:schemas:core:2.0:Group:members"), json!("bulkId:u"), json!("[u]")),
        (
            Some("members"),
            json!({"members": [{"Value": "bulkId:u"}]}),
            json!({"members": [{"Value": "[u]"}]}),
        ),
        (
            None,
            json!({"displayName": "bulkId:u", "members": ["bulkId:u"]}),
            json!({"displayName": "bulkId:u", "members": ["[u]"]}),
        ),
        (
            Some(""),
            json!({"urn:ietf:params:scim:schemas:core:2.0:Group": {"members": ["bulkId:u"], "displayName": "bulkId:u"}}),
            json!({"urn:ietf:params:scim:schemas:core:2.0:Group": {"members": ["[u]"], "displayName": "bulkId:u"}}),
        ),
        (None, json!("{\"members\": [\"bulkId:u\"]}"), json!({"members": ["[u]"]})),
        (Some("displayName"), json!("bulkId:u"), json!("bulkId:u")),
        (Some("members[display eq"), json!("bulkId:u"), json!("bulkId:u")),
        (Some("shoeSize"), json!(["bulkId:u"]), json!(["bulkId:u"])),
    ] {
        assert_eq!(group_patch(path, Some(value.clone())).1, Some(expected), "{path:?} {value}");
    }
}

#[test]
fn a_path_refers_by_the_member_that_it_names() {
    for (path, expected) in [
        ("members[value eq \"bulkId:u\"]", "members[value eq \"[u]\"]"),
        (
            "members[ value eq \"bulkId:u\" or not (value ne \"bulkId:v\") and display eq \"bulkId:u\" ]",
            "members[value eq \"[u]\" or not (value ne \"[v]\") and display eq \"bulkId:u\"]",
        ),
        ("members[ value eq \"u\" ]", "members[ value eq \"u\" ]"),
    ] {
        assert_eq!(group_patch(Some(path), None), (Some(expected.to_owned()), None));
    }
}

#[test]
fn a_patch_of_a_user_refers_by_the_manager_and_by_extensions() {
    let urn = |name: &str| format!("{ENTERPRISE}:{name}");
    for (path, value, expected) in [
        (Some(urn("manager")), json!({"value": "bulkId:m"}), json!({"value": "[m]"})),
        (Some(urn("manager")), json!("bulkId:m"), json!("[m]")),
        (Some("manager.value".to_owned()), json!("bulkId:m"), json!("[m]")),
        (Some("manager.displayName".to_owned()), json!("bulkId:m"), json!("bulkId:m")),
        (Some(urn("department")), json!("bulkId:m"), json!("bulkId:m")),
        (
            Some(ENTERPRISE.to_owned()),
            json!({"manager": "bulkId:m", "division": "bulkId:m"}),
            json!({"manager": "[m]", "division": "bulkId:m"}),
        ),
        (
            None,
            json!({(ENTERPRISE): {"manager": {"value": "bulkId:m"}}}),
            json!({(ENTERPRISE): {"manager": {"value": "[m]"}}}),
        ),
        (
            None,
            json!({(urn("manager.value")): "bulkId:m", "title": "bulkId:m"}),
            json!({(urn("manager.value")): "[m]", "title": "bulkId:m"}),
        ),
        (None, json!({(OWN): {"displayName": "bulkId:m"}}), json!({(OWN): {"displayName": "[m]"}})),
        (Some(format!("{OWN}:displayName")), json!("bulkId:m"), json!("[m]")),
        (Some("password".to_owned()), json!("bulkId:m"), json!("bulkId:m")),
        (Some("emails[type eq \"work\"].value".to_owned()), json!("bulkId:m"), json!("bulkId:m")),
    ] {
        assert_eq!(user_patch(path.as_deref(), value.clone()), expected, "{path:?} {value}");
    }
}
