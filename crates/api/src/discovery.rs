//! What the service supports, as messages and as SCIM JSON (RFC 7643 §5 to §7).

use rollcall_scim::Definition;
use rollcall_scim::schema::{self, RESOURCE_TYPE, SCHEMA, SERVICE_PROVIDER_CONFIG};
use serde::Serialize;
use serde_json::{Value, json};

use crate::v1::resource_type::SchemaExtension;
use crate::v1::schema::Attribute;
use crate::v1::{ResourceType, Schema, ServiceProviderConfig};

/// The message of a resource type.
pub fn resource_type(definition: &Definition) -> ResourceType {
    ResourceType {
        id: definition.name.clone(),
        name: definition.name.clone(),
        description: definition.description.clone(),
        endpoint: definition.endpoint.clone(),
        schema: definition.schema.id.clone(),
        schema_extensions: definition
            .extensions
            .iter()
            .map(|extension| SchemaExtension {
                schema: extension.schema.id.clone(),
                required: extension.required,
            })
            .collect(),
    }
}

/// The message of a schema.
pub fn schema(schema: &schema::Schema) -> Schema {
    Schema {
        id: schema.id.clone(),
        name: schema.name.clone(),
        description: schema.description.clone(),
        attributes: schema.attributes.iter().map(attribute).collect(),
    }
}

/// A schema that is to be registered, in the form in which the language
/// [reads](rollcall_scim::registration::read) one. What is empty has its default.
pub fn registration(schema: &Schema) -> Value {
    let mut json = json!({ "id": schema.id, "name": schema.name, "description": schema.description });
    json["attributes"] = schema.attributes.iter().map(registered_attribute).collect();
    json
}

fn registered_attribute(attribute: &Attribute) -> Value {
    let mut json = attribute_json(attribute);
    if let Value::Object(members) = &mut json {
        members.retain(|_, value| value != "");
    }
    json
}

fn attribute(attribute: &schema::Attribute) -> Attribute {
    Attribute {
        name: attribute.name.clone(),
        r#type: word(attribute.kind),
        multi_valued: attribute.multi_valued,
        description: attribute.description.clone(),
        required: attribute.required,
        canonical_values: attribute.canonical_values.clone(),
        case_exact: attribute.case_exact,
        mutability: word(attribute.mutability),
        returned: word(attribute.returned),
        uniqueness: word(attribute.uniqueness),
        reference_types: attribute.reference_types.clone(),
        sub_attributes: attribute.sub_attributes.iter().map(self::attribute).collect(),
    }
}

/// The word that RFC 7643 §7 has for a characteristic.
fn word(characteristic: impl Serialize) -> String {
    match serde_json::to_value(characteristic) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The SCIM JSON of the configuration (RFC 7643 §5, RFC 9865 §4) for a client that came by `base`.
pub fn service_provider_config_json(config: &ServiceProviderConfig, base: &str) -> Value {
    let schemes: Vec<Value> = config
        .authentication_schemes
        .iter()
        .map(|scheme| {
            json!({
                "type": scheme.r#type,
                "name": scheme.name,
                "description": scheme.description,
                "specUri": scheme.spec_uri,
                "primary": scheme.primary,
            })
        })
        .collect();
    let mut json = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": config.patch_supported },
        "bulk": {
            "supported": config.bulk_supported,
            "maxOperations": config.bulk_max_operations,
            "maxPayloadSize": config.bulk_max_payload_size,
        },
        "filter": { "supported": config.filter_supported, "maxResults": config.filter_max_results },
        "changePassword": { "supported": config.change_password_supported },
        "sort": { "supported": config.sort_supported },
        "etag": { "supported": config.etag_supported },
        "authenticationSchemes": schemes,
    });
    if let Some(pagination) = &config.pagination {
        json["pagination"] = json!({
            "cursor": pagination.cursor,
            "index": pagination.index,
            "defaultPaginationMethod": pagination.default_method,
            "defaultPageSize": pagination.default_page_size,
            "maxPageSize": pagination.max_page_size,
            "cursorTimeout": pagination.cursor_timeout_seconds,
        });
    }
    json["meta"] = meta("ServiceProviderConfig", &format!("{base}/ServiceProviderConfig"));
    json
}

/// The SCIM JSON of a resource type (RFC 7643 §6) for a client that came by `base`.
pub fn resource_type_json(resource_type: &ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> = resource_type
        .schema_extensions
        .iter()
        .map(|extension| json!({ "schema": extension.schema, "required": extension.required }))
        .collect();
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": resource_type.id,
        "name": resource_type.name,
        "description": resource_type.description,
        "endpoint": resource_type.endpoint,
        "schema": resource_type.schema,
        "schemaExtensions": extensions,
        "meta": meta("ResourceType", &format!("{base}/ResourceTypes/{}", resource_type.id)),
    })
}

/// The SCIM JSON of a schema (RFC 7643 §7) for a client that came by `base`.
pub fn schema_json(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_json).collect::<Vec<_>>(),
        "meta": meta("Schema", &format!("{base}/Schemas/{}", schema.id)),
    })
}

fn attribute_json(attribute: &Attribute) -> Value {
    let mut json = json!({
        "name": attribute.name,
        "type": attribute.r#type,
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    });
    if !attribute.canonical_values.is_empty() {
        json["canonicalValues"] = attribute.canonical_values.clone().into();
    }
    if !attribute.reference_types.is_empty() {
        json["referenceTypes"] = attribute.reference_types.clone().into();
    }
    if !attribute.sub_attributes.is_empty() {
        json["subAttributes"] = attribute.sub_attributes.iter().map(attribute_json).collect();
    }
    json
}

fn meta(resource_type: &str, location: &str) -> Value {
    json!({ "resourceType": resource_type, "location": location })
}
