//! The canonical form of a whole resource.

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::Definition;
use crate::elements::distinct;
use crate::schema::Attribute;

/// The resource with its attributes in the order of the schemas, without empty extensions and without elements that are
/// there twice.
pub(super) fn arranged(mut resource: Resource, definition: &Definition) -> Resource {
    let mut extensions = Map::new();
    for extension in &definition.extensions {
        let schema = &extension.schema;
        if let Some((urn, Value::Object(members))) = resource.shift_remove_entry(&schema.id) {
            let members = in_order(members, schema.attributes.iter());
            if !members.is_empty() {
                extensions.insert(urn, Value::Object(members));
            }
        }
    }
    let mut arranged = in_order(resource, definition.common().iter().chain(&definition.schema.attributes));
    arranged.extend(extensions);
    arranged
}

fn in_order<'a>(
    mut members: Map<String, Value>,
    attributes: impl Iterator<Item = &'a Attribute>,
) -> Map<String, Value> {
    let mut ordered = Map::with_capacity(members.len());
    for attribute in attributes {
        if members.is_empty() {
            break;
        }
        if let Some((name, value)) = members.shift_remove_entry(&attribute.name) {
            ordered.insert(name, value_in_order(attribute, value));
        }
    }
    ordered.extend(members);
    ordered
}

fn value_in_order(attribute: &Attribute, value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let ordered = elements.into_iter().map(|element| value_in_order(attribute, element)).collect();
            Value::Array(distinct(ordered))
        }
        Value::Object(members) => Value::Object(in_order(members, attribute.sub_attributes.iter())),
        value => value,
    }
}
