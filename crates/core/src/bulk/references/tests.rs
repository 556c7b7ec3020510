//! Where references stand, and where what looks like one does not.

use rollcall_scim::definition::Extension;
use rollcall_scim::{Profile, builtin, patch};
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

fn change(resource_type: ResourceType, edit: Edit) -> Operation {
    let if_match = vec!["bulkId:i".to_owned()];
    Operation::Existing { resource_type, id: "bulkId:i".to_owned(), edit, if_match }
}

/// What is done to a resource when the references are resolved.
fn edited(resource_type: ResourceType, edit: Edit) -> Edit {
    let Operation::Existing { id, edit, if_match, .. } = resolved(change(resource_type, edit)) else {
        panic!("another operation")
    };
    assert_eq!((id.as_str(), if_match[0].as_str()), ("[i]", "bulkId:i"));
    edit
}

fn patched(
    resource_type: ResourceType,
    path: Option<&str>,
    value: Option<Json>,
) -> (Option<String>, Option<Json>) {
    let operation = PatchOperation { kind: patch::Kind::Add, path: path.map(str::to_owned), value };
    let edit = Edit::Patch { operations: Ok(vec![operation]), count: 1 };
    let Edit::Patch { operations: Ok(mut operations), .. } = edited(resource_type, edit) else {
        panic!("another edit")
    };
    let operation = operations.remove(0);
    (operation.path, operation.value)
}

fn user_patch(path: Option<&str>, value: Json) -> Json {
    patched(ResourceType::User, path, Some(value)).1.unwrap()
}

fn group_patch(path: Option<&str>, value: Option<Json>) -> (Option<String>, Option<Json>) {
    patched(ResourceType::Group, path, value)
}

/// A whole resource, and its members, when the references are resolved.
fn whole(resource_type: ResourceType, attributes: Json, members: Option<&[&str]>) -> (Json, Vec<String>) {
    let Json::Object(attributes) = attributes else { panic!("{attributes}") };
    let members = members.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
    let sent = Whole { attributes: Ok(attributes), members };
    let Edit::Replace(replaced) = edited(resource_type, Edit::Replace(sent.clone())) else {
        panic!("another edit")
    };
    let Operation::Create(_, created) = resolved(Operation::Create(resource_type, sent)) else {
        panic!("another operation")
    };
    assert_eq!((&created.attributes, &created.members), (&replaced.attributes, &replaced.members));
    (Json::Object(created.attributes.unwrap()), created.members.unwrap_or_default())
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
    for resource_type in [ResourceType::User, ResourceType::Group] {
        assert!(matches!(edited(resource_type, Edit::Delete), Edit::Delete));
        let unreadable = Edit::Patch { operations: Err(rollcall_scim::Error::syntax("")), count: 1 };
        assert!(matches!(edited(resource_type, unreadable), Edit::Patch { operations: Err(_), .. }));
    }
}

#[test]
fn a_user_refers_by_the_manager_and_by_extensions_and_not_by_its_names() {
    let user = |manager: &str| {
        json!({
            "externalId": "bulkId:m",
            "userName": "bulkId:m",
            "password": "bulkId:m",
            "profileUrl": "bulkId:m",
            (ENTERPRISE): {"department": "bulkId:m", "manager": {"value": manager}},
            (OWN): {"mentor": manager, "n": [1, {"x": manager}]},
            "mentor": manager,
        })
    };
    assert_eq!(whole(ResourceType::User, user("bulkId:m"), None).0, user("[m]"));
}

#[test]
fn a_group_refers_by_its_members_and_by_extensions_and_not_by_its_names() {
    let group = |owner: &str| {
        json!({
            "externalId": "bulkId:u",
            "displayName": "bulkId:u",
            (OWN): {"owner": owner},
            (ENTERPRISE): {"department": owner},
        })
    };
    let (attributes, members) = whole(ResourceType::Group, group("bulkId:u"), Some(&["u", "bulkId:u"]));
    assert_eq!(attributes, group("[u]"));
    assert_eq!(members, ["u", "[u]"]);
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
