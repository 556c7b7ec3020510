//! Groups: the message, the resource of the SCIM language, and the JSON that clients see. Members travel apart.

mod json;

use rollcall_scim::{Error, Resource, builtin, resource};
use serde_json::{Map, Value};

use crate::resource::{add_text, elements, meta, object, take_extensions, text};
use crate::v1::Group;
use crate::value;

/// Reads the attributes of a POST or PUT, from which the members have been taken out.
///
/// Errors: `invalidSyntax` and `invalidValue`, as [`resource::normalize`] has them. Extensions are passed on as they
/// came: only the core knows them.
pub fn from_json(mut attributes: Map<String, Value>) -> Result<Group, Error> {
    let extensions = take_extensions(&mut attributes, builtin::group());
    let mut group = from_resource(resource::normalize(Value::Object(attributes), builtin::group())?);
    group.extensions = extensions;
    Ok(group)
}

/// The message of a group. Members, and what is not of the type of its field, are left out.
pub fn from_resource(resource: Resource) -> Group {
    let mut group = Group::default();
    for (name, value) in resource {
        match name.as_str() {
            "schemas" => group.schemas = elements(value, text),
            "id" => group.id = text(value).unwrap_or_default(),
            "externalId" => group.external_id = text(value),
            "meta" => group.meta = object(value).map(meta),
            "displayName" => group.display_name = text(value),
            _ if value.is_object() => {
                group.extensions.insert(name, value::to_message(value));
            }
            _ => {}
        }
    }
    group
}

/// The attributes of a message that a client may write. What the server makes (`id`, `meta`, `schemas`) is left out. The
/// result has canonical names, but what the caller put in is still to be judged by
/// [`normalize_attributes`](resource::normalize_attributes).
pub fn into_resource(group: Group) -> Resource {
    let mut resource = Resource::new();
    add_text(&mut resource, "externalId", group.external_id);
    add_text(&mut resource, "displayName", group.display_name);
    for (urn, attributes) in group.extensions {
        resource.insert(urn, value::from_message(attributes));
    }
    resource
}

#[cfg(test)]
mod tests {
    use rollcall_scim::ScimType;
    use rollcall_scim::schema::GROUP;
    use serde_json::json;

    use super::*;
    use crate::json::Json;
    use crate::v1::Member;

    fn read(body: Value) -> Result<Group, Error> {
        match body {
            Value::Object(attributes) => from_json(attributes),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_body_is_read_with_the_extensions_that_only_the_core_knows() {
        let group = read(json!({
            "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "id": "theirs",
            "DISPLAYNAME": "Ops",
            "externalId": "77",
            "meta": {"resourceType": "Group"},
            "urn:example:1.0:Group": {"costCenter": 1.10},
            "budget": 7,
        }))
        .unwrap();
        assert_eq!((group.id.as_str(), group.meta.as_ref()), ("", None));
        assert_eq!((group.display_name.as_deref(), group.external_id.as_deref()), (Some("Ops"), Some("77")));
        let written = Value::Object(into_resource(group));
        let expected = json!({
            "externalId": "77",
            "displayName": "Ops",
            "urn:example:1.0:Group": {"costCenter": 1.10},
            "budget": 7,
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn a_body_without_its_schema_or_its_name_is_refused() {
        let error = |body| read(body).unwrap_err();
        assert_eq!(error(json!({"schemas": [GROUP]})).scim_type, ScimType::InvalidValue);
        assert!(error(json!({"schemas": [GROUP], "displayName": 3})).detail.contains("displayName"));
        assert!(error(json!({"displayName": "Ops"})).detail.contains("schemas"));
    }

    #[test]
    fn a_stored_group_becomes_the_json_of_the_rfc() {
        let stored = json!({
            "schemas": [GROUP],
            "id": "g1",
            "displayName": "Ops",
            "members": [{"value": "u1"}],
            "urn:example:1.0:Group": {"costCenter": 1.10},
            "meta": {"resourceType": "Group", "created": "2026-01-02T03:04:05Z", "version": "W/\"1\"", "location": "/Groups/g1"},
        });
        let Value::Object(resource) = stored else { panic!() };
        let group = from_resource(resource);
        let json = serde_json::to_value(Json::new(&group, "https://x/scim/v2")).unwrap();
        let expected = json!({
            "schemas": [GROUP],
            "id": "g1",
            "displayName": "Ops",
            "urn:example:1.0:Group": {"costCenter": 1.10},
            "meta": {
                "resourceType": "Group",
                "created": "2026-01-02T03:04:05Z",
                "version": "W/\"1\"",
                "location": "https://x/scim/v2/Groups/g1",
            },
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_member_has_an_absolute_reference_and_leaves_out_what_is_not_there() {
        let member = Member {
            value: "u1".to_owned(),
            display: Some("Ana".to_owned()),
            r#type: Some("User".to_owned()),
            r#ref: Some("/Users/u1".to_owned()),
        };
        let json = serde_json::to_string(&Json::new(&member, "https://x/scim/v2")).unwrap();
        assert_eq!(
            json,
            r#"{"value":"u1","$ref":"https://x/scim/v2/Users/u1","display":"Ana","type":"User"}"#
        );
        let json = serde_json::to_string(&Json::new(&Member::default(), "")).unwrap();
        assert_eq!(json, "{}");
    }
}
