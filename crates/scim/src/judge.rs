//! Judges values: what a client sent becomes the canonical form of its attribute, or an error that says where it
//! stands and what would be right.
//!
//! Unassigned are null, `[]` and `{}` (RFC 7643 §2.5), and `""`, with which identity providers clear an attribute.

mod format;

use serde_json::{Map, Value};

use crate::elements;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::resolve::{a_kind, boolean, double};
use crate::schema::{Attribute, Kind, Mutability};

/// The sub-attribute that a complex value is meant by when it is written as a bare value (RFC 7643 §2.4).
pub(crate) const VALUE: &str = "value";

/// The canonical form of a value of the attribute at `place`; `None` when it is unassigned.
///
/// Errors: `invalidValue` for a wrong type, for a required sub-attribute that is missing, and for two primary elements.
pub(crate) fn value(place: Place<'_>, value: Value) -> Result<Option<Value>> {
    if !place.leaf().multi_valued {
        return single(place, value);
    }
    let elements = elements(place, value)?;
    elements::require_one_primary(place, &elements)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

/// The canonical elements of a value of a multi-valued attribute. A single value is a list of one.
pub(crate) fn elements(place: Place<'_>, value: Value) -> Result<Vec<Value>> {
    let judged: Result<Vec<Option<Value>>> = match value {
        Value::Array(values) => {
            values.into_iter().enumerate().map(|(index, value)| single(place.element(index), value)).collect()
        }
        value => Ok(vec![single(place, value)?]),
    };
    Ok(elements::distinct(judged?.into_iter().flatten().collect()))
}

/// The sub-attributes that a value of a complex attribute names, in canonical form; null stands for one that is named
/// and unassigned. `None` when the value itself is unassigned.
///
/// A string means its `value`, and a list of one its only element, as managers are sent.
pub(crate) fn members(place: Place<'_>, value: Value) -> Result<Option<Map<String, Value>>> {
    let attribute = place.leaf();
    match value {
        Value::Object(sent) => named(place, sent).map(Some),
        value if is_unassigned(&value) => Ok(None),
        Value::String(_) if attribute.sub_attribute(VALUE).is_some() => {
            named(place, Map::from_iter([(VALUE.to_owned(), value)])).map(Some)
        }
        Value::Array(mut values) if values.len() == 1 && !attribute.multi_valued => {
            members(place, values.pop().unwrap_or_default())
        }
        value => Err(unexpected(place, &value)),
    }
}

/// Checks that a value of a complex attribute has all that is required of it.
pub(crate) fn require_members(place: Place<'_>, members: &Map<String, Value>) -> Result<()> {
    let missing = place.leaf().sub_attributes.iter().find(|sub| is_missing(sub, members));
    missing.map_or(Ok(()), |sub| Err(missing_value(place.sub_attribute(sub))))
}

/// Whether a client must have given the attribute, and has not.
pub(crate) fn is_missing(attribute: &Attribute, members: &Map<String, Value>) -> bool {
    attribute.required
        && attribute.mutability != Mutability::ReadOnly
        && !members.contains_key(&attribute.name)
}

/// The error for a required value that is missing.
pub(crate) fn missing_value(place: Place<'_>) -> Error {
    Error::value(format!("{place}: it is required; give {}", expected(place.leaf())))
}

/// Whether a value says that the attribute has none.
pub(crate) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// One value: that of a single-valued attribute, or one element.
fn single(place: Place<'_>, value: Value) -> Result<Option<Value>> {
    if place.leaf().kind != Kind::Complex {
        return simple(place, value);
    }
    let Some(mut members) = members(place, value)? else { return Ok(None) };
    members.retain(|_, value| !value.is_null());
    if members.is_empty() {
        return Ok(None);
    }
    require_members(place, &members)?;
    Ok(Some(Value::Object(members)))
}

fn named(place: Place<'_>, sent: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut named = Map::new();
    for (name, value) in sent {
        let Some(sub) = place.leaf().sub_attribute(&name) else { continue };
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        let value = self::value(place.sub_attribute(sub), value)?.unwrap_or_default();
        // Of two spellings of one name the last that has a value counts.
        if !value.is_null() || !named.contains_key(&sub.name) {
            named.insert(sub.name.clone(), value);
        }
    }
    unpacked(place, named)
}

/// Entra packs a role as JSON into the `value` of the role: `{"value": "{\"value\": \"admin\"}"}`.
fn unpacked(place: Place<'_>, named: Map<String, Value>) -> Result<Map<String, Value>> {
    if !place.leaf().multi_valued {
        return Ok(named);
    }
    let text = named.get(VALUE).and_then(Value::as_str).filter(|text| text.trim_start().starts_with('{'));
    let Some(packed) = text.and_then(|text| serde_json::from_str(text).ok()) else { return Ok(named) };
    let mut unpacked = self::named(place, packed)?;
    if !unpacked.get(VALUE).is_some_and(Value::is_string) {
        return Ok(named);
    }
    unpacked.extend(named.into_iter().filter(|(name, value)| name != VALUE && !value.is_null()));
    Ok(unpacked)
}

fn simple(place: Place<'_>, value: Value) -> Result<Option<Value>> {
    if is_unassigned(&value) {
        return Ok(None);
    }
    if value.as_str().is_some_and(|text| text.contains('\0')) {
        return Err(Error::value(format!("{place}: a string cannot hold the character U+0000")));
    }
    let fits = match (place.leaf().kind, &value) {
        (Kind::String, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Boolean, Value::String(text)) => {
            let value = boolean(text).ok_or_else(|| unexpected(place, &value))?;
            return Ok(Some(Value::Bool(value)));
        }
        (Kind::Integer, Value::Number(number)) => {
            let value = number.as_i64().ok_or_else(|| unexpected(place, &value))?;
            return Ok(Some(value.into()));
        }
        (Kind::Decimal, Value::Number(number)) => double(number).is_some(),
        (Kind::DateTime, Value::String(text)) => format::is_date_time(text),
        (Kind::Binary, Value::String(text)) => format::is_base64(text),
        (Kind::Reference, Value::String(text)) => format::is_uri(text),
        _ => false,
    };
    if fits { Ok(Some(value)) } else { Err(unexpected(place, &value)) }
}

/// The error for a value that is not of the attribute's type. The value itself may be a secret, and is not told.
fn unexpected(place: Place<'_>, value: &Value) -> Error {
    let expected = expected(place.leaf());
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) if place.leaf().kind == Kind::Integer => {
            "a number that is not whole or has more than 64 bits"
        }
        Value::Number(_) => "a number",
        Value::String(_) if place.leaf().kind == Kind::Complex => "a string",
        Value::String(_) => "another string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::value(format!("{place}: expected {expected}, got {got}"))
}

fn expected(attribute: &Attribute) -> String {
    match attribute.kind {
        Kind::Complex => {
            let names: Vec<&str> = attribute.sub_attributes.iter().map(|sub| sub.name.as_str()).collect();
            format!("an object with some of {}", names.join(", "))
        }
        Kind::Boolean => "true or false".to_owned(),
        Kind::Binary => "a binary in base64".to_owned(),
        Kind::Reference => "a URI".to_owned(),
        kind => a_kind(kind).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    mod messages;

    use serde_json::json;

    use super::*;
    use crate::definition::{AttributeRef, Definition, Target};
    use crate::error::ScimType;
    use crate::{builtin, schema};

    fn at<'a>(definition: &'a Definition, name: &str) -> AttributeRef<'a> {
        match definition.lookup(name) {
            Some(Target::Attribute(attribute)) => attribute,
            other => panic!("{name}: {other:?}"),
        }
    }

    fn judged(name: &str, sent: Value) -> Result<Option<Value>> {
        value(Place::of(at(builtin::user(), name)), sent)
    }

    fn refused(name: &str, sent: Value) -> String {
        let text = sent.to_string();
        let error = judged(name, sent).expect_err(&text);
        assert_eq!(error.scim_type, ScimType::InvalidValue, "{name}: {text}");
        error.detail
    }

    /// An attribute of a kind that the built-in schemas do not have, or only read-only.
    fn of_kind(kind: Kind) -> Attribute {
        Attribute { kind, ..schema_attribute() }
    }

    fn schema_attribute() -> Attribute {
        serde_json::from_value(json!({"name": "x", "type": "string"})).unwrap()
    }

    fn judged_as(attribute: &Attribute, sent: Value) -> Result<Option<Value>> {
        value(Place::of(AttributeRef { extension: None, attribute, sub_attribute: None }), sent)
    }

    #[test]
    fn null_and_what_is_empty_is_unassigned() {
        for name in ["title", "active", "name", "emails", "manager", "profileUrl"] {
            for sent in [json!(null), json!(""), json!([]), json!({})] {
                assert_eq!(judged(name, sent.clone()).unwrap(), None, "{name}: {sent}");
            }
        }
        assert_eq!(judged("name", json!({"givenName": "", "familyName": null})).unwrap(), None);
        assert_eq!(judged("emails", json!([null, "", {}, {"value": ""}])).unwrap(), None);
    }

    #[test]
    fn booleans_may_be_words() {
        for (sent, expected) in [("True", true), ("false", false), ("FALSE", false)] {
            assert_eq!(judged("active", json!(sent)).unwrap(), Some(json!(expected)));
        }
        assert_eq!(refused("active", json!("perhaps")), "active: expected true or false, got another string");
        assert_eq!(refused("active", json!(1)), "active: expected true or false, got a number");
    }

    #[test]
    fn a_manager_is_a_string_an_object_or_a_list_of_one() {
        let expected = Some(json!({"value": "u2"}));
        assert_eq!(judged("manager", json!("u2")).unwrap(), expected);
        assert_eq!(judged("manager", json!({"Value": "u2", "displayName": "ignored"})).unwrap(), expected);
        assert_eq!(judged("manager", json!([{"displayName": "ignored", "value": "u2"}])).unwrap(), expected);
        assert!(refused("manager", json!(["u2", "u3"])).contains("got a list"));
        assert!(
            refused("name", json!(["x"])).contains("expected an object with some of formatted, familyName")
        );
        assert!(refused("name", json!(["not", "complex"])).contains("got a list"));
    }

    #[test]
    fn a_single_value_is_a_list_of_one() {
        let expected = Some(json!([{"value": "a@x.test"}]));
        for sent in [
            json!("a@x.test"),
            json!({"value": "a@x.test"}),
            json!(["a@x.test"]),
            json!([{"VALUE": "a@x.test"}]),
        ] {
            assert_eq!(judged("emails", sent).unwrap(), expected);
        }
    }

    #[test]
    fn a_packed_role_is_unpacked() {
        let packed = json!([{"value": "{\"id\": \"1\", \"value\": \"admin\", \"display\": \"Admin\"}", "primary": "True"}]);
        let expected = json!([{"value": "admin", "display": "Admin", "primary": true}]);
        assert_eq!(judged("roles", packed).unwrap(), Some(expected));
        let twice = json!({"value": "{\"value\": \"{\\\"value\\\": \\\"admin\\\"}\"}"});
        assert_eq!(judged("roles", twice).unwrap(), Some(json!([{"value": "admin"}])));
        for text in ["{", "{}", "{\"id\": 1}", "{\"value\": null}", "[1]"] {
            assert_eq!(judged("roles", json!(text)).unwrap(), Some(json!([{"value": text}])), "{text}");
        }
    }

    #[test]
    fn equal_elements_count_once_and_one_is_primary() {
        let sent = json!([{"value": "a"}, {"VALUE": "a"}, {"value": "b", "Primary": true}]);
        assert_eq!(
            judged("emails", sent).unwrap(),
            Some(json!([{"value": "a"}, {"value": "b", "primary": true}]))
        );
        let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": "true"}]);
        assert!(refused("emails", two).starts_with("emails: "));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        assert_eq!(refused("userName", json!({"a": 1})), "userName: expected a string, got an object");
        assert_eq!(refused("title", json!(7)), "title: expected a string, got a number");
        assert_eq!(
            refused("emails", json!([{"value": "a"}, {"value": 7}])),
            "emails[1].value: expected a string, got a number"
        );
        assert_eq!(
            refused("name", json!({"familyName": ["x", "y"]})),
            "name.familyName: expected a string, got a list"
        );
        assert_eq!(
            refused("department", json!(true)),
            format!("{}:department: expected a string, got a boolean", schema::ENTERPRISE_USER)
        );
        assert!(refused("displayName", json!("a\0b")).contains("U+0000"));
        assert!(!refused("active", json!("s3cret")).contains("s3cret"));
    }

    #[test]
    fn every_type_is_checked() {
        let integer = of_kind(Kind::Integer);
        assert_eq!(judged_as(&integer, json!(-3)).unwrap(), Some(json!(-3)));
        assert!(judged_as(&integer, json!(1.5)).is_err());
        assert!(judged_as(&integer, serde_json::from_str("99999999999999999999").unwrap()).is_err());
        assert!(judged_as(&integer, json!("1")).is_err());
        let decimal = of_kind(Kind::Decimal);
        let digits: Value = serde_json::from_str("1.10").unwrap();
        assert_eq!(judged_as(&decimal, digits.clone()).unwrap(), Some(digits));
        assert!(judged_as(&decimal, serde_json::from_str("1e999").unwrap()).is_err());
        let time = of_kind(Kind::DateTime);
        assert!(judged_as(&time, json!("2008-01-23T04:56:22Z")).is_ok());
        assert!(judged_as(&time, json!("yesterday")).unwrap_err().detail.contains("a dateTime such as"));
        assert!(judged("x509Certificates", json!([{"value": "TUlJ"}])).is_ok());
        assert!(
            refused("x509Certificates", json!([{"value": "not base64!"}])).contains("a binary in base64")
        );
        assert!(refused("profileUrl", json!("not a uri")).contains("a URI"));
    }

    #[test]
    fn a_required_sub_attribute_is_required() {
        let mut attribute =
            builtin::user_schema().attributes.iter().find(|a| a.name == "emails").unwrap().clone();
        attribute.sub_attributes[0].required = true;
        let error = judged_as(&attribute, json!([{"value": "a"}, {"type": "work"}])).unwrap_err();
        assert_eq!(error.detail, "emails[1].value: it is required; give a string");
    }
}
