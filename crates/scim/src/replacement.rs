//! A resource in place of another one (RFC 7644 §3.5.1): what is immutable stays.

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::{AttributeRef, Definition};
use crate::draft::Draft;
use crate::elements::is_same_value;
use crate::error::{Error, Result};
use crate::schema::{Attribute, Kind, Mutability};

/// The attributes of a replacement, with those that are immutable as they were `before` where it does not mention them.
///
/// Errors: `mutability` for an immutable attribute with another value than before.
pub fn with_immutable(before: &Resource, after: Resource, definition: &Definition) -> Result<Resource> {
    let mut kept = after;
    let mut is_changed = keep(&definition.schema.attributes, None, before, &mut kept)?;
    for extension in &definition.extensions {
        let urn = &extension.schema.id;
        let Some(Value::Object(old)) = before.get(urn) else { continue };
        let mut new = match kept.get_mut(urn).map(Value::take) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        if keep(&extension.schema.attributes, Some(urn), old, &mut new)? {
            keep_required(&extension.schema.attributes, old, &mut new);
            is_changed = true;
        }
        if new.is_empty() {
            kept.shift_remove(urn);
        } else {
            kept.insert(urn.clone(), Value::Object(new));
        }
    }
    Ok(if is_changed { Draft::new(kept, definition).finish() } else { kept })
}

/// Keeps what is immutable among the attributes of a schema, and says whether anything had to be put back.
fn keep(
    attributes: &[Attribute],
    extension: Option<&str>,
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
) -> Result<bool> {
    let mut is_changed = false;
    for attribute in attributes {
        let Some(old) = before.get(&attribute.name) else { continue };
        let at = AttributeRef { extension, attribute, sub_attribute: None };
        if attribute.mutability == Mutability::Immutable {
            is_changed |= keep_value(&at, old, after)?;
        } else if let (Kind::Complex, false, Value::Object(old)) =
            (attribute.kind, attribute.multi_valued, old)
        {
            is_changed |= keep_sub_attributes(&at, old, after)?;
        }
    }
    Ok(is_changed)
}

fn keep_sub_attributes(
    at: &AttributeRef<'_>,
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
) -> Result<bool> {
    let name = &at.attribute.name;
    let immutable = at.attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    let mut is_changed = false;
    for sub in immutable {
        let Some(old) = before.get(&sub.name) else { continue };
        let at = AttributeRef { sub_attribute: Some(sub), ..*at };
        let members = after.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(members) = members {
            is_changed |= keep_value(&at, old, members)?;
        }
    }
    if let (true, Some(Value::Object(members))) = (is_changed, after.get_mut(name)) {
        keep_required(&at.attribute.sub_attributes, before, members);
    }
    Ok(is_changed)
}

/// Keeps what is required beside something that was put back, which cannot stand without it.
fn keep_required(attributes: &[Attribute], before: &Map<String, Value>, after: &mut Map<String, Value>) {
    for attribute in attributes.iter().filter(|attribute| attribute.required) {
        if let (false, Some(old)) = (after.contains_key(&attribute.name), before.get(&attribute.name)) {
            after.insert(attribute.name.clone(), old.clone());
        }
    }
}

fn keep_value(at: &AttributeRef<'_>, old: &Value, after: &mut Map<String, Value>) -> Result<bool> {
    let leaf = at.leaf();
    match after.get(&leaf.name) {
        Some(new) if new == old => Ok(false),
        // Digits that say the same are no other value; those that were there stay.
        Some(new) if leaf.kind == Kind::Decimal && is_same_value(leaf, new, old) => {
            after.insert(leaf.name.clone(), old.clone());
            Ok(false)
        }
        Some(_) => Err(Error::mutability(format!("{at}: it is immutable and has a value already"))),
        None => {
            after.insert(leaf.name.clone(), old.clone());
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::definition::Extension;
    use crate::error::ScimType;
    use crate::registration;

    const URN: &str = "urn:example:badge";

    fn definition() -> Definition {
        let schema = registration::read(json!({"id": URN, "attributes": [
            {"name": "number", "mutability": "immutable"},
            {"name": "colour"},
            {"name": "owner", "type": "complex", "subAttributes": [
                {"name": "value", "mutability": "immutable"}, {"name": "since"},
            ]},
        ]}));
        let mut definition = builtin::user().clone();
        definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
        definition
    }

    fn replaced(before: Value, after: Value) -> Result<Value> {
        let (Value::Object(before), Value::Object(after)) = (before, after) else { panic!("objects") };
        with_immutable(&before, after, &definition()).map(Value::Object)
    }

    #[test]
    fn what_is_immutable_stays_where_it_is_not_mentioned() {
        let before = json!({"userName": "ana", "title": "Boss", URN: {"number": "7", "colour": "red"}});
        assert_eq!(
            replaced(before.clone(), json!({"userName": "ben"})).unwrap(),
            json!({"userName": "ben", URN: {"number": "7"}})
        );
        let sent = json!({"userName": "ana", URN: {"number": "7", "colour": "blue"}});
        assert_eq!(replaced(before, sent.clone()).unwrap(), sent);
        let owned = json!({URN: {"owner": {"value": "x", "since": "1"}}});
        let sent = json!({URN: {"owner": {"since": "2"}}});
        assert_eq!(
            replaced(owned.clone(), sent).unwrap(),
            json!({URN: {"owner": {"value": "x", "since": "2"}}})
        );
        assert_eq!(replaced(owned, json!({})).unwrap(), json!({URN: {"owner": {"value": "x"}}}));
    }

    #[test]
    fn what_is_required_beside_it_stays_with_it() {
        let mut definition = definition();
        let badge = &mut definition.extensions.last_mut().unwrap().schema.attributes;
        badge[1].required = true;
        badge[2].sub_attributes[1].required = true;
        let before = json!({URN: {"number": "7", "colour": "red", "owner": {"value": "x", "since": "1"}}});
        for (after, expected) in [
            (json!({"userName": "ana"}), before[URN].clone()),
            (
                json!({URN: {"colour": "blue", "owner": {"since": "2"}}}),
                json!({"number": "7", "colour": "blue", "owner": {"value": "x", "since": "2"}}),
            ),
        ] {
            let (Value::Object(before), Value::Object(after)) = (before.clone(), after) else {
                panic!("objects")
            };
            assert_eq!(with_immutable(&before, after, &definition).unwrap()[URN], expected);
        }
    }

    #[test]
    fn a_decimal_in_other_digits_is_no_other_value() {
        let mut definition = definition();
        definition.extensions.last_mut().unwrap().schema.attributes[0].kind = Kind::Decimal;
        let badge = |number: &str| {
            let number: Value = serde_json::from_str(number).unwrap();
            json!({URN: {"number": number}}).as_object().unwrap().clone()
        };
        let kept = with_immutable(&badge("1.00"), badge("1.0"), &definition).unwrap();
        assert_eq!(Value::Object(kept).to_string(), Value::Object(badge("1.00")).to_string());
        let error = with_immutable(&badge("1.00"), badge("1.5"), &definition).unwrap_err();
        assert_eq!(error.scim_type, ScimType::Mutability);
    }

    #[test]
    fn what_stays_has_its_place_in_the_order_of_the_schema() {
        let mut definition = definition();
        let nick_name = definition.schema.attributes.iter_mut().find(|known| known.name == "nickName");
        nick_name.unwrap().mutability = Mutability::Immutable;
        for (before, after, expected) in [
            (
                json!({"nickName": "An"}),
                json!({"userName": "ana", "title": "Boss", URN: {"colour": "red"}}),
                json!({"userName": "ana", "nickName": "An", "title": "Boss", URN: {"colour": "red"}}),
            ),
            (
                json!({"nickName": "An", URN: {"colour": "red"}}),
                json!({"userName": "ana", "title": "Boss"}),
                json!({"userName": "ana", "nickName": "An", "title": "Boss"}),
            ),
            (
                json!({URN: {"number": "7"}}),
                json!({"userName": "ana", URN: {"colour": "red"}}),
                json!({"userName": "ana", URN: {"number": "7", "colour": "red"}}),
            ),
            (
                json!({URN: {"owner": {"value": "x"}}}),
                json!({URN: {"owner": {"since": "2"}}}),
                json!({URN: {"owner": {"value": "x", "since": "2"}}}),
            ),
        ] {
            let (Value::Object(before), Value::Object(after)) = (before, after) else { panic!("objects") };
            let kept = with_immutable(&before, after, &definition).unwrap();
            assert_eq!(Value::Object(kept).to_string(), expected.to_string());
        }
    }

    #[test]
    fn another_value_is_refused_and_a_first_one_is_not() {
        let error = replaced(json!({URN: {"number": "7"}}), json!({URN: {"number": "8"}})).unwrap_err();
        assert_eq!(error.scim_type, ScimType::Mutability);
        assert!(error.detail.starts_with("urn:example:badge:number: "), "{error}");
        let owner = |value: &str| json!({URN: {"owner": {"value": value}}});
        let error = replaced(owner("x"), owner("y")).unwrap_err();
        assert!(error.detail.starts_with("urn:example:badge:owner.value: "), "{error}");
        let first = json!({URN: {"number": "8"}});
        assert_eq!(replaced(json!({"userName": "ana"}), first.clone()).unwrap(), first);
    }

    #[test]
    fn without_anything_immutable_the_replacement_is_what_was_sent() {
        let (before, after) = (json!({"userName": "ana", "title": "Boss"}), json!({"userName": "ben"}));
        assert_eq!(replaced(before, after.clone()).unwrap(), after);
    }
}
