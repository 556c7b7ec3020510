//! The form of a resource that filters are answered from: the same tree, in which equal values are equal bytes on
//! every database.

use serde_json::{Map, Number, Value};

use crate::Resource;
use crate::definition::Definition;
use crate::resolve::{double, folded, micros};
use crate::schema::{Attribute, Kind};

/// The search form of a resource in canonical form: strings of attributes that are not `caseExact` folded, dateTimes as
/// microseconds since 1970, decimals as the doubles that they are compared as. What the definition does not have is left out.
pub fn of(resource: &Resource, definition: &Definition) -> Resource {
    let mut form = Resource::new();
    for (name, value) in resource {
        if let Some(extension) = definition.extension(name) {
            if let Value::Object(members) = value {
                form.insert(name.clone(), Value::Object(object(&extension.schema.attributes, members)));
            }
        } else if let Some(attribute) = definition
            .schema
            .attributes
            .iter()
            .chain(definition.common())
            .find(|attribute| attribute.name == *name)
        {
            form.insert(name.clone(), self::value(attribute, value));
        }
    }
    form
}

/// The search form of a value of an attribute, or of one element of it.
pub(crate) fn value(attribute: &Attribute, value: &Value) -> Value {
    match (attribute.kind, value) {
        (_, Value::Array(elements)) => {
            elements.iter().map(|element| self::value(attribute, element)).collect()
        }
        (Kind::Complex, Value::Object(members)) => Value::Object(object(&attribute.sub_attributes, members)),
        (Kind::DateTime, Value::String(text)) => micros(text).map_or(Value::Null, Value::from),
        (_, Value::String(text)) => Value::String(folded(attribute, text)),
        (Kind::Decimal, Value::Number(number)) => decimal(number).map_or(Value::Null, Value::Number),
        _ => value.clone(),
    }
}

/// A decimal in the one way to write it; 0 has no sign.
fn decimal(number: &Number) -> Option<Number> {
    Number::from_f64(double(number)? + 0.0)
}

fn object(attributes: &[Attribute], members: &Map<String, Value>) -> Map<String, Value> {
    let known = |name: &str| attributes.iter().find(|attribute| attribute.name == name);
    members.iter().filter_map(|(name, member)| Some((name.clone(), value(known(name)?, member)))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;

    #[test]
    fn strings_are_folded_unless_case_matters_and_times_are_numbers() {
        let resource = json!({
            "userName": "ANA",
            "externalId": "X",
            "active": true,
            "emails": [{"value": "Ana@Ex.com", "type": "Work", "primary": true}],
            "unknown": "dropped",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                {"department": "R&D", "manager": {"value": "UPPER", "displayName": "Boss"}},
            "meta": {"created": "1970-01-01T00:00:01Z"},
        });
        let expected = json!({
            "userName": "ana",
            "externalId": "X",
            "active": true,
            "emails": [{"value": "ana@ex.com", "type": "work", "primary": true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                {"department": "r&d", "manager": {"value": "UPPER", "displayName": "boss"}},
            "meta": {"created": 1_000_000},
        });
        assert_eq!(Value::Object(of(resource.as_object().unwrap(), builtin::user())), expected);
    }
}
