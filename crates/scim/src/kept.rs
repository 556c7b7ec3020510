//! Attributes that come from elsewhere in the form in which they are kept: whether they are, by the schemas.
//!
//! A body of a client may be written in many ways, which become one. What was kept is written in that one, and anything else was
//! never kept by this server.

use serde_json::Value;

use crate::Resource;
use crate::definition::{AttributeRef, Definition};
use crate::error::{Error, Result};
use crate::judge;
use crate::place::Place;
use crate::resource::{no_object, require_attributes};
use crate::schema::{Attribute, Mutability};

/// Checks the attributes of a resource. What a registered schema requires may be missing: the resource may be older.
///
/// Errors: `invalidValue`, naming an attribute that the schemas do not have, that is not kept among the attributes, or is
/// missing, or a value that is not of its type or not in canonical form.
pub fn require_canonical(resource: &Resource, definition: &Definition) -> Result<()> {
    for (name, value) in resource {
        let extension = definition.extensions.iter().find(|extension| extension.schema.id == *name);
        let Some(extension) = extension else {
            let known = definition.schema.attributes.iter().chain(definition.common());
            let at = find(known, None, name)?;
            require_kept(&at, definition)?;
            require_value(at, value)?;
            continue;
        };
        let schema = &extension.schema;
        let members = value.as_object().filter(|members| !members.is_empty());
        for (name, value) in members.ok_or_else(|| no_object(schema))? {
            require_value(find(schema.attributes.iter(), Some(&schema.id), name)?, value)?;
        }
    }
    require_attributes(&definition.schema, None, resource)
}

/// The attribute of this very name.
fn find<'d>(
    mut known: impl Iterator<Item = &'d Attribute>,
    extension: Option<&'d str>,
    name: &str,
) -> Result<AttributeRef<'d>> {
    let attribute = known.find(|attribute| attribute.name == name).ok_or_else(|| {
        let urn = extension.map(|urn| format!("{urn}:")).unwrap_or_default();
        Error::value(format!("{urn}{name}: no schema has an attribute that is called so"))
    })?;
    Ok(AttributeRef { extension, attribute, sub_attribute: None })
}

/// Refuses what the server makes itself, or keeps elsewhere.
fn require_kept(at: &AttributeRef<'_>, definition: &Definition) -> Result<()> {
    let is_members = definition.name == "Group" && at.attribute.name == "members";
    if at.is_read_only() || at.is_schemas() || at.attribute.mutability == Mutability::WriteOnly || is_members
    {
        return Err(Error::value(format!("{at}: it is not kept among the attributes")));
    }
    Ok(())
}

fn require_value(at: AttributeRef<'_>, value: &Value) -> Result<()> {
    let judged = judge::value(Place::of(at), value.clone())?;
    require_names(at, value)?;
    // What is read-only among the sub-attributes is left out of what a client sends.
    let has_read_only = at.attribute.sub_attributes.iter().any(|sub| sub.mutability == Mutability::ReadOnly);
    if judged.as_ref() == Some(value) || has_read_only {
        return Ok(());
    }
    Err(Error::value(format!("{at}: its value is not in the form in which it is kept")))
}

fn require_names(at: AttributeRef<'_>, value: &Value) -> Result<()> {
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut names = elements.iter().filter_map(Value::as_object).flat_map(|members| members.keys());
    let is_unknown = |name: &&String| !at.attribute.sub_attributes.iter().any(|sub| sub.name == **name);
    match names.find(is_unknown) {
        Some(name) => Err(Error::value(format!("{at}.{name}: no schema has an attribute that is called so"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::definition::Extension;
    use crate::registration;
    use crate::schema::ENTERPRISE_USER;

    const URN: &str = "urn:example:badge";

    /// Users with a schema of which something is required.
    fn badged() -> Definition {
        let schema = json!({
            "id": URN, "name": "Badge",
            "attributes": [
                {"name": "number", "type": "string", "required": true},
                {"name": "height", "type": "decimal"},
                {"name": "seen", "type": "integer", "mutability": "readOnly"},
            ],
        });
        let mut definition = builtin::user().clone();
        definition.extensions.push(Extension { schema: registration::read(schema).unwrap(), required: true });
        definition
    }

    fn judged(attributes: Value, definition: &Definition) -> String {
        let Value::Object(attributes) = attributes else { panic!("{attributes}") };
        require_canonical(&attributes, definition).map_or_else(|error| error.detail, |()| String::new())
    }

    #[test]
    fn what_is_kept_is_let_through() {
        let numbers: Value = serde_json::from_str("1.50").unwrap();
        for attributes in [
            json!({"userName": "ana"}),
            json!({
                "externalId": "1", "userName": "Ana", "active": false, "name": {"givenName": "Ana"},
                "emails": [{"value": "a@x.test", "type": "work", "primary": true}, {"value": "b@x.test"}],
                "roles": [{"value": "{\"id\": 1}"}],
                (ENTERPRISE_USER): {"manager": {"value": "1", "displayName": "Boss"}, "department": "Ops"},
                (URN): {"height": numbers, "seen": 3},
            }),
        ] {
            assert_eq!(judged(attributes.clone(), &badged()), "", "{attributes}");
        }
        assert_eq!(judged(json!({"displayName": "Team", "externalId": "7"}), builtin::group()), "");
    }

    #[test]
    fn what_was_never_kept_is_told_with_its_name() {
        for (more, naming) in [
            (json!({"userName": null}), "userName: "),
            (json!({"userName": 7}), "userName: expected a string, got a number"),
            (json!({"username": "b"}), "username: no schema"),
            (json!({"id": "1"}), "id: it is not kept"),
            (json!({"meta": {"version": "1"}}), "meta: it is not kept"),
            (json!({"schemas": ["urn:x"]}), "schemas: it is not kept"),
            (json!({"groups": [{"value": "1"}]}), "groups: it is not kept"),
            (json!({"password": "secret"}), "password: it is not kept"),
            (json!({"active": "True"}), "active: its value is not in the form"),
            (json!({"title": ""}), "title: its value is not in the form"),
            (json!({"title": "a\0b"}), "title: a string cannot hold the character U+0000"),
            (json!({"emails": "a@x.test"}), "emails: its value is not in the form"),
            (json!({"emails": [{"value": "a", "color": 1}]}), "emails.color: no schema"),
            (json!({"emails": [{"value": 1}]}), "emails[0].value: expected a string"),
            (json!({"urn:example:none": {"a": 1}}), "urn:example:none: no schema"),
            (json!({(URN): 1}), "urn:example:badge: expected an object"),
            (json!({(URN): {}}), "urn:example:badge: expected an object"),
            (json!({(URN): {"color": 1}}), "urn:example:badge:color: no schema"),
            (json!({(URN): {"number": 1}}), "urn:example:badge:number: expected a string"),
        ] {
            let mut attributes = json!({"userName": "ana"});
            attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let told = judged(attributes, &badged());
            assert!(told.starts_with(naming), "{more}: {told}");
        }
        assert!(judged(json!({"title": "x"}), builtin::user()).starts_with("userName: it is required"));
        let members = json!({"displayName": "Team", "members": [{"value": "1"}]});
        assert!(judged(members, builtin::group()).starts_with("members: it is not kept"));
    }
}
