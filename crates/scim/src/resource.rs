//! Resources: the bodies of POST and PUT, brought into the canonical form of their definition.
//!
//! What a client may leave to the server is not held against it: attributes that nothing is called, and those that are
//! read-only, are ignored (RFC 7644 §3.3). Null, `[]`, `{}` and `""` are unassigned. Of two names that differ only in case
//! the last one with a value counts. Names may also be dotted (`name.givenName`) and behind the URN of their schema, and
//! an attribute of an extension may stand at the root, as identity providers send them.

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::{AttributeRef, Definition, Target};
use crate::draft::{Draft, Manner};
use crate::error::{Error, Result};
use crate::judge;
use crate::place::Place;
use crate::schema::Schema;

/// Reads the body of a POST or PUT.
///
/// Errors: `invalidSyntax` for what is no object and for `schemas` without the core schema of the type; `invalidValue`
/// for `schemas` that are missing or no strings, and as [`normalize_attributes`] has it.
pub fn normalize(body: Value, definition: &Definition) -> Result<Resource> {
    let Value::Object(members) = body else {
        return Err(Error::syntax(format!("the body: expected a JSON object, the {}", definition.name)));
    };
    require_schemas(&members, definition)?;
    normalize_attributes(members, definition)
}

/// Judges the attributes of a whole resource, whose `schemas` do not matter.
///
/// Errors: `invalidValue` for a wrong type, for two primary elements, and for a required attribute that is missing.
pub fn normalize_attributes(attributes: Resource, definition: &Definition) -> Result<Resource> {
    let mut draft = Draft::new(Resource::new(), definition);
    for (name, value) in attributes {
        for meant in meant(definition, &name, value) {
            match meant {
                Meant::Attribute(at, value) => {
                    if !at.is_read_only() && !at.is_schemas() && !judge::is_unassigned(&value) {
                        draft.assign(Manner::Replace, at, value)?;
                    }
                }
                Meant::Schema(_, value) if judge::is_unassigned(&value) => {}
                Meant::Schema(schema, _) => return Err(no_object(schema)),
            }
        }
    }
    let resource = draft.finish();
    require_attributes(&definition.schema, None, &resource)?;
    for extension in &definition.extensions {
        match resource.get(&extension.schema.id).and_then(Value::as_object) {
            Some(members) => require_attributes(&extension.schema, Some(&extension.schema.id), members)?,
            None if extension.required => {
                return Err(Error::value(format!("{}: the extension is required", extension.schema.id)));
            }
            None => {}
        }
    }
    Ok(resource)
}

/// The attributes in the order in which their schemas have them, with the extensions behind.
pub fn in_order(attributes: Resource, definition: &Definition) -> Resource {
    let core = definition.common().iter().chain(&definition.schema.attributes);
    let extensions = definition.extensions.iter().map(|extension| extension.schema.id.as_str());
    let names: Vec<&str> = core.map(|attribute| attribute.name.as_str()).chain(extensions).collect();
    let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or(names.len());
    let mut members: Vec<_> = attributes.into_iter().collect();
    members.sort_by_cached_key(|(name, _)| place(name));
    members.into_iter().collect()
}

/// The `schemas` of a resource: its core schema, and those of the extensions that have a value.
pub fn schemas_of(resource: &Resource, definition: &Definition) -> Vec<String> {
    let has = |urn: &str| resource.get(urn).is_some_and(|value| !judge::is_unassigned(value));
    schemas_among(has, definition).map(str::to_owned).collect()
}

/// The same of a resource that nobody has read, by whether it has a value of an extension.
pub fn schemas_among(has: impl Fn(&str) -> bool, definition: &Definition) -> impl Iterator<Item = &str> {
    let extensions = definition.extensions.iter().map(|extension| extension.schema.id.as_str());
    std::iter::once(definition.schema.id.as_str()).chain(extensions.filter(move |urn| has(urn)))
}

/// What a member of an object refers to whose names are those of attributes.
#[derive(Debug)]
pub(crate) enum Meant<'d> {
    /// An attribute or sub-attribute, and the value that is meant for it.
    Attribute(AttributeRef<'d>, Value),
    /// A whole schema, with a value that is no object.
    Schema(&'d Schema, Value),
}

/// What a member refers to: one attribute, those in the object of a schema, or nothing that the definition has.
pub(crate) fn meant<'d>(definition: &'d Definition, name: &str, value: Value) -> Vec<Meant<'d>> {
    let schema = match definition.lookup(name) {
        Some(Target::Attribute(at)) => return vec![Meant::Attribute(at, value)],
        Some(Target::Extension(schema)) => schema,
        None if name.eq_ignore_ascii_case(&definition.schema.id) => &definition.schema,
        None => return Vec::new(),
    };
    let Value::Object(members) = value else { return vec![Meant::Schema(schema, value)] };
    members
        .into_iter()
        .filter_map(|(name, value)| match definition.lookup(&format!("{}:{name}", schema.id))? {
            Target::Attribute(at) => Some(Meant::Attribute(at, value)),
            Target::Extension(_) => None,
        })
        .collect()
}

/// The error for a schema whose value is no object.
pub(crate) fn no_object(schema: &Schema) -> Error {
    Error::value(format!("{}: expected an object with attributes of this schema", schema.id))
}

/// Checks that the attributes of a schema that are required are there.
///
/// Errors: `invalidValue`.
pub(crate) fn require_attributes(
    schema: &Schema,
    extension: Option<&str>,
    members: &Map<String, Value>,
) -> Result<()> {
    let missing = schema.attributes.iter().find(|attribute| judge::is_missing(attribute, members));
    missing.map_or(Ok(()), |attribute| {
        Err(judge::missing_value(Place::of(AttributeRef { extension, attribute, sub_attribute: None })))
    })
}

fn require_schemas(members: &Map<String, Value>, definition: &Definition) -> Result<()> {
    let urn = &definition.schema.id;
    let mut sent = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let urns = match sent.next_back().map(|(_, value)| value) {
        None => return Err(Error::value(format!("schemas: it is required; give [{urn:?}]"))),
        Some(Value::Array(urns)) if urns.iter().all(Value::is_string) => urns,
        Some(_) => {
            return Err(Error::value(format!("schemas: expected a list of strings such as [{urn:?}]")));
        }
    };
    if urns.iter().filter_map(Value::as_str).any(|sent| sent.eq_ignore_ascii_case(urn)) {
        return Ok(());
    }
    Err(Error::syntax(format!(
        "schemas: a {} has the schema {urn:?}, which is not among them",
        definition.name
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::error::ScimType;
    use crate::schema::{ENTERPRISE_USER, GROUP, Mutability, USER};

    fn user(body: Value) -> Value {
        let text = body.to_string();
        Value::Object(normalize(body, builtin::user()).unwrap_or_else(|error| panic!("{text}: {error}")))
    }

    fn refused(body: Value) -> Error {
        let text = body.to_string();
        normalize(body, builtin::user()).expect_err(&text)
    }

    /// A body with the schemas and a userName, and the members of `more`.
    fn body(more: &Value) -> Value {
        let mut body = json!({"schemas": [USER], "userName": "ana"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[test]
    fn attributes_are_put_in_the_order_of_their_schemas() {
        let Value::Object(sent) = json!({
            (ENTERPRISE_USER): {"department": "Ops"}, "urn:example:else": {}, "emails": [], "active": true,
            "userName": "ana", "externalId": "e",
        }) else {
            panic!()
        };
        let ordered = in_order(sent, builtin::user());
        let names: Vec<&str> = ordered.keys().map(String::as_str).collect();
        let expected = ["externalId", "userName", "active", "emails", ENTERPRISE_USER, "urn:example:else"];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_body_is_an_object_with_the_schema_of_the_type() {
        for (sent, scim_type) in [
            (json!([]), ScimType::InvalidSyntax),
            (json!("x"), ScimType::InvalidSyntax),
            (json!(null), ScimType::InvalidSyntax),
            (json!({"userName": "ana"}), ScimType::InvalidValue),
            (json!({"schemas": null, "userName": "ana"}), ScimType::InvalidValue),
            (json!({"schemas": USER, "userName": "ana"}), ScimType::InvalidValue),
            (json!({"schemas": [USER, 1], "userName": "ana"}), ScimType::InvalidValue),
            (json!({"schemas": [], "userName": "ana"}), ScimType::InvalidSyntax),
            (json!({"schemas": [GROUP], "userName": "ana"}), ScimType::InvalidSyntax),
            (json!({"schemas": [ENTERPRISE_USER], "userName": "ana"}), ScimType::InvalidSyntax),
        ] {
            let error = refused(sent.clone());
            assert_eq!(error.scim_type, scim_type, "{sent}: {error}");
        }
        for schemas in [json!([USER.to_uppercase()]), json!(["urn:example:unknown", USER])] {
            assert_eq!(user(json!({"SCHEMAS": schemas, "userName": "ana"})), json!({"userName": "ana"}));
        }
    }

    #[test]
    fn a_group_is_read_by_its_own_definition() {
        let azure = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
        let sent = json!({
            "schemas": [GROUP, azure],
            "displayName": "Ops",
            "externalId": "77",
            "members": [{"$ref": null, "value": "u1", "display": "Ana"}, "u2", {"value": "u1"}],
        });
        let expected =
            json!({"externalId": "77", "displayName": "Ops", "members": [{"value": "u1"}, {"value": "u2"}]});
        assert_eq!(Value::Object(normalize(sent, builtin::group()).unwrap()), expected);
        let nameless =
            normalize(json!({"schemas": [GROUP], "externalId": "77"}), builtin::group()).unwrap_err();
        assert_eq!(nameless.detail, "displayName: it is required; give a string");
    }

    #[test]
    fn names_get_the_spelling_and_the_order_of_the_schema() {
        let sent = json!({
            "emails": [{"Primary": true, "TYPE": "work", "VALUE": "a@x.test"}],
            "NAME": {"GivenName": "Ana", "FAMILYNAME": "Ruiz"},
            "USERNAME": "ana",
            "schemas": [USER],
            "EXTERNALID": "9b1e",
        });
        let expected = r#"{"externalId":"9b1e","userName":"ana","name":{"familyName":"Ruiz","givenName":"Ana"},"emails":[{"value":"a@x.test","type":"work","primary":true}]}"#;
        assert_eq!(user(sent).to_string(), expected);
    }

    #[test]
    fn what_identity_providers_send_beside_is_ignored() {
        let sent = body(&json!({
            "id": "theirs",
            "meta": {"resourceType": "User", "created": "2001-01-01T00:00:00Z"},
            "groups": [{"value": "g1"}],
            "addresses": null,
            "phoneNumbers": null,
            "roles": [],
            "title": "",
            "manager": null,
            "favouriteColour": "blue",
            "name": {"givenName": null, "shoeSize": 43},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User": {"department": "x"},
            "urn:example:unknown": {"a": 1},
            "active": "True",
        }));
        assert_eq!(user(sent), json!({"userName": "ana", "active": true}));
    }

    #[test]
    fn an_unassigned_name_takes_nothing_back() {
        let sent =
            body(&json!({ENTERPRISE_USER: {"manager": {"value": "u2"}}, "manager": null, "USERNAME": ""}));
        assert_eq!(user(sent), json!({"userName": "ana", ENTERPRISE_USER: {"manager": {"value": "u2"}}}));
        for nothing in [json!(null), json!([]), json!(""), json!({})] {
            let sent = body(&json!({ENTERPRISE_USER: nothing, USER: nothing}));
            assert_eq!(user(sent), json!({"userName": "ana"}), "{nothing}");
        }
    }

    #[test]
    fn of_two_spellings_the_last_counts() {
        assert_eq!(user(body(&json!({"title": "a", "TITLE": "b"})))["title"], json!("b"));
        let emails = json!({"emails": [{"value": "a"}], "Emails": [{"value": "b"}]});
        assert_eq!(user(body(&emails))["emails"], json!([{"value": "b"}]));
    }

    #[test]
    fn names_may_be_dotted_and_behind_urns() {
        let sent = body(&json!({
            "name.givenName": "Ana",
            "name": {"familyName": "Ruiz"},
            "emails.value": "a@x.test",
            "manager": "u2",
            format!("{USER}:title"): "Boss",
            format!("{USER}:urn:x"): "ignored",
            format!("{ENTERPRISE_USER}:department"): "Ops",
            ENTERPRISE_USER.to_uppercase(): {"costCenter": "4130", "unknown": 1},
        }));
        let expected = json!({
            "userName": "ana",
            "name": {"familyName": "Ruiz", "givenName": "Ana"},
            "title": "Boss",
            "emails": [{"value": "a@x.test"}],
            ENTERPRISE_USER: {"costCenter": "4130", "department": "Ops", "manager": {"value": "u2"}},
        });
        assert_eq!(user(sent), expected);
        assert_eq!(user(json!({"schemas": [USER], USER: {"userName": "ana"}})), json!({"userName": "ana"}));
    }

    #[test]
    fn a_mistake_names_the_attribute_and_what_would_be_right() {
        for (more, detail) in [
            (json!({"userName": null}), "userName: it is required; give a string"),
            (json!({"userName": ""}), "userName: it is required; give a string"),
            (json!({"title": 1}), "title: expected a string, got a number"),
            (json!({"displayName": "a\0b"}), "displayName: a string cannot hold the character U+0000"),
            (
                json!({"emails": [{"primary": true, "value": "a"}, {"primary": true, "value": "b"}]}),
                "emails: primary can be true for one element only",
            ),
            (
                json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": 1}),
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: expected an object with attributes of this schema",
            ),
        ] {
            let error = refused(body(&more));
            assert_eq!((error.scim_type, error.detail.as_str()), (ScimType::InvalidValue, detail));
        }
    }

    #[test]
    fn a_registered_extension_is_data_like_any_other() {
        let mut definition = builtin::user().clone();
        let mut extension = definition.extensions[0].clone();
        extension.schema.id = "urn:example:badge".to_owned();
        extension.schema.attributes.truncate(2);
        extension.schema.attributes[0].required = true;
        extension.schema.attributes[1].mutability = Mutability::ReadOnly;
        extension.required = true;
        definition.extensions.push(extension);
        let normalized = |more: &Value| normalize(body(more), &definition);

        let read =
            normalized(&json!({"urn:Example:BADGE": {"employeeNumber": "7", "costCenter": "ignored"}}))
                .unwrap();
        assert_eq!(
            Value::Object(read.clone()),
            json!({"userName": "ana", "urn:example:badge": {"employeeNumber": "7"}})
        );
        assert_eq!(schemas_of(&read, &definition), [USER, "urn:example:badge"]);
        assert_eq!(
            normalized(&json!({})).unwrap_err().detail,
            "urn:example:badge: the extension is required"
        );
        let without = definition.extensions.last_mut().unwrap();
        without.required = false;
        without.schema.attributes[1].mutability = Mutability::ReadWrite;
        let error = normalize(body(&json!({"urn:example:badge:costCenter": "x"})), &definition).unwrap_err();
        assert_eq!(error.detail, "urn:example:badge:employeeNumber: it is required; give a string");
    }

    #[test]
    fn the_schemas_are_the_core_one_and_those_of_extensions_with_a_value() {
        let schemas = |resource: Value| schemas_of(resource.as_object().unwrap(), builtin::user());
        assert_eq!(schemas(json!({"userName": "ana"})), [USER]);
        assert_eq!(schemas(json!({ENTERPRISE_USER: {"department": "x"}})), [USER, ENTERPRISE_USER]);
    }
}
