//! Resources: the schemas of SCIM as those of JSON.

use rollcall_scim::schema::{Attribute, Kind, Mutability, Returned, Schema};
use rollcall_scim::{Definition, builtin};
use serde_json::{Map, Value, json};

/// The resources as they are read, and as they are written.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for definition in [builtin::user(), builtin::group()] {
        schemas.insert(definition.name.clone(), resource(definition, Side::Answer));
        schemas.insert(format!("{}Input", definition.name), resource(definition, Side::Request));
    }
    let names = ["ServiceProviderConfig", "ResourceType", "Schema"];
    for (name, schema) in names.into_iter().zip(builtin::discovery_schemas()) {
        schemas.insert(name.to_owned(), description(schema));
    }
    schemas
}

/// Who writes the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Answer,
}

impl Side {
    fn has(self, attribute: &Attribute) -> bool {
        match self {
            Self::Request => attribute.mutability != Mutability::ReadOnly,
            Self::Answer => attribute.returned != Returned::Never,
        }
    }

    /// Any attribute may be left out of an answer but those that always come.
    fn requires(self, attribute: &Attribute) -> bool {
        match self {
            Self::Request => attribute.required,
            Self::Answer => attribute.returned == Returned::Always,
        }
    }
}

fn resource(definition: &Definition, side: Side) -> Value {
    let attributes = definition.common().iter().chain(&definition.schema.attributes);
    let mut schema = object(attributes, side);
    for extension in &definition.extensions {
        schema["properties"][&extension.schema.id] = object(extension.schema.attributes.iter(), side);
        if extension.required && side == Side::Request {
            push(&mut schema, &extension.schema.id);
        }
    }
    let urn = &definition.schema.id;
    schema["properties"]["schemas"] = json!({
        "type": "array",
        "description": "The URNs of the schemas that the resource has attributes of.",
        "items": {"type": "string"},
        "contains": {"const": urn},
        "examples": [[urn]],
    });
    schema["description"] = definition.description.clone().into();
    schema
}

/// What describes the service is read only, and always whole.
fn description(schema: &Schema) -> Value {
    let mut described = object(schema.attributes.iter(), Side::Answer);
    described["description"] = schema.description.clone().into();
    described["properties"]["schemas"] = json!({"type": "array", "items": {"type": "string"}});
    described["properties"]["meta"] = json!({"type": "object"});
    for attribute in schema.attributes.iter().filter(|attribute| attribute.required) {
        push(&mut described, &attribute.name);
    }
    push(&mut described, "schemas");
    described
}

fn push(schema: &mut Value, required: &str) {
    match &mut schema["required"] {
        Value::Array(names) if !names.iter().any(|name| name == required) => names.push(required.into()),
        names @ Value::Null => *names = json!([required]),
        _ => {}
    }
}

fn object<'a>(attributes: impl Iterator<Item = &'a Attribute>, side: Side) -> Value {
    let mut schema = json!({"type": "object", "properties": {}});
    for attribute in attributes.filter(|attribute| side.has(attribute)) {
        schema["properties"][&attribute.name] = property(attribute, side);
        if side.requires(attribute) {
            push(&mut schema, &attribute.name);
        }
    }
    schema
}

fn property(attribute: &Attribute, side: Side) -> Value {
    let mut value = match attribute.kind {
        Kind::String => json!({"type": "string"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Decimal => json!({"type": "number"}),
        Kind::Integer => json!({"type": "integer", "format": "int64"}),
        Kind::DateTime => json!({"type": "string", "format": "date-time"}),
        Kind::Binary => json!({"type": "string", "contentEncoding": "base64"}),
        Kind::Reference => json!({"type": "string", "format": "uri-reference"}),
        Kind::Complex => object(attribute.sub_attributes.iter(), side),
    };
    if !attribute.canonical_values.is_empty() {
        value["examples"] = attribute.canonical_values.clone().into();
    }
    if attribute.multi_valued {
        value = json!({"type": "array", "items": value});
    }
    value["description"] = attribute.description.clone().into();
    if attribute.mutability == Mutability::WriteOnly {
        value["writeOnly"] = true.into();
    }
    value
}
