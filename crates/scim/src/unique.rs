//! The values that nobody else of the type may have, by registered schemas.

use serde_json::Value;

use crate::Resource;
use crate::definition::Definition;
use crate::schema::{Attribute, Uniqueness};

/// A value that is unique in its directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UniqueValue {
    /// The full name of the attribute, such as `urn:example:badge:number`.
    pub attribute: String,
    /// The value in the form in which values are compared.
    pub value: String,
}

/// The unique values of a resource, in order and each once, from its [search form](crate::search_form). Those of core
/// attributes are not among them: the store has columns for what is unique there.
pub fn values(search: &Resource, definition: &Definition) -> Vec<UniqueValue> {
    let mut found = Vec::new();
    for extension in &definition.extensions {
        let schema = &extension.schema;
        let Some(Value::Object(members)) = search.get(&schema.id) else { continue };
        for attribute in &schema.attributes {
            if let Some(value) = members.get(&attribute.name) {
                collect(&format!("{}:{}", schema.id, attribute.name), attribute, value, &mut found);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(name: &str, attribute: &Attribute, value: &Value, found: &mut Vec<UniqueValue>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect(name, attribute, element, found);
            }
        }
        Value::Object(members) => {
            for sub in &attribute.sub_attributes {
                if let Some(value) = members.get(&sub.name) {
                    collect(&format!("{name}.{}", sub.name), sub, value, found);
                }
            }
        }
        value if attribute.uniqueness == Uniqueness::Server => {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push(UniqueValue { attribute: name.to_owned(), value });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::definition::Extension;
    use crate::{builtin, registration, search_form};

    #[test]
    fn values_are_found_at_every_level_in_the_form_in_which_they_are_compared() {
        let schema = registration::read(json!({"id": "urn:example:badge", "attributes": [
            {"name": "number", "uniqueness": "server"},
            {"name": "exact", "uniqueness": "server", "caseExact": true},
            {"name": "pin", "type": "integer", "uniqueness": "server", "multiValued": true},
            {"name": "weight", "type": "decimal", "uniqueness": "server", "multiValued": true},
            {"name": "colour"},
            {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "uniqueness": "server"}, {"name": "since"},
            ]},
        ]}));
        let mut definition = builtin::user().clone();
        definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
        let user = json!({"userName": "Ana", "urn:example:badge": {
            "number": "A1", "exact": "A1", "pin": [7, 8], "weight": [2, 2.0], "colour": "red",
            "doors": [{"value": "X", "since": "1"}, {"value": "x"}],
        }});
        let found = values(&search_form::of(user.as_object().unwrap(), &definition), &definition);
        let found: Vec<(&str, &str)> =
            found.iter().map(|found| (found.attribute.as_str(), found.value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("urn:example:badge:doors.value", "x"),
                ("urn:example:badge:exact", "A1"),
                ("urn:example:badge:number", "a1"),
                ("urn:example:badge:pin", "7"),
                ("urn:example:badge:pin", "8"),
                ("urn:example:badge:weight", "2.0"),
            ]
        );
    }
}
