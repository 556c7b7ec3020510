//! `/openapi.json`: the description of the SCIM surface, in version 3.1 of that format, made of the built-in schemas. Which
//! schemas a directory has registered beside them, `/Schemas` says.

mod messages;
mod paths;
mod resources;

use std::sync::LazyLock;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::error::Problem;

/// The media type of SCIM, in which bodies are described.
const SCIM_JSON: &str = "application/scim+json";

/// The document, without the base URL.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// The document for a client that came by `base`. No credential is needed: it holds nothing that is not public.
pub(crate) fn answer(method: &Method, base: &str) -> Result<Answer, Problem> {
    if *method != Method::GET {
        return Err(Problem::method("GET, HEAD"));
    }
    let server = json!([{"url": base}]);
    // One text for everybody: whoever asks often and takes nothing costs no memory.
    let rest =
        Bytes::from_static(LazyLock::force(&DOCUMENT).strip_prefix('{').unwrap_or_default().as_bytes());
    Ok(Answer::begun(StatusCode::OK, format!("{{\"servers\":{server},"), Body::from(rest)))
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall SCIM",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "SCIM 2.0 provisioning of users and groups.",
            "description": "RFC 7643, RFC 7644 and RFC 9865. Attribute names, and those of parameters, are taken whatever their case; \
                            attributes that nothing is called are ignored. A client that accepts application/json and not \
                            application/scim+json is answered in that. /ServiceProviderConfig has the limits that hold.",
        },
        "security": [{"scimToken": []}],
        "tags": [
            {"name": "Users", "description": "RFC 7643 §4.1."},
            {"name": "Groups", "description": "RFC 7643 §4.2."},
            {"name": "Search", "description": "Queries over every type: RFC 7644 §3.4."},
            {"name": "Bulk", "description": "Many operations in one request: RFC 7644 §3.7."},
            {"name": "Discovery", "description": "What the service supports: RFC 7644 §4."},
        ],
        "paths": paths::paths(),
        "components": {
            "securitySchemes": {
                "scimToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The SCIM token of a directory.",
                },
            },
            "schemas": schemas(),
            "parameters": messages::parameters(),
            "headers": messages::headers(),
            "responses": messages::responses(),
        },
    })
}

fn schemas() -> Value {
    let mut schemas = resources::schemas();
    schemas.extend(messages::schemas());
    Value::Object(schemas)
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// A body of the schema of that name.
fn content(schema: &str) -> Value {
    json!({SCIM_JSON: {"schema": reference("schemas", schema)}})
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every reference in a value.
    fn references(value: &Value, found: &mut HashSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
        let document = document();
        let mut found = HashSet::new();
        references(&document, &mut found);
        for reference in &found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        for kind in ["schemas", "parameters", "headers", "responses"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                assert!(found.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name}");
            }
        }
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_a_success_and_its_errors() {
        let document = document();
        let mut ids = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in
                item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
            {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(
                    responses.keys().any(|status| status.starts_with('2') || status == "501"),
                    "{method} {path}"
                );
                for variable in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                    let named = |parameter: &Value| {
                        let name = parameter["$ref"].as_str().unwrap_or_default();
                        document.pointer(name.trim_start_matches('#')).unwrap_or(parameter)["name"]
                            == variable
                    };
                    assert!(item["parameters"].as_array().unwrap().iter().any(named), "{path}: {variable}");
                }
            }
        }
    }

    #[test]
    fn attributes_are_described_by_the_schemas_that_requests_are_judged_by() {
        let user = &document()["components"]["schemas"]["User"];
        assert_eq!(user["properties"]["userName"]["type"], "string");
        assert_eq!(user["properties"]["emails"]["items"]["properties"]["primary"]["type"], "boolean");
        assert_eq!(user["properties"]["meta"]["properties"]["created"]["format"], "date-time");
        assert!(user["properties"].get("password").is_none());
        let input = &document()["components"]["schemas"]["UserInput"];
        assert_eq!(input["required"], json!(["schemas", "userName"]));
        assert_eq!(input["properties"]["password"]["writeOnly"], true);
        assert!(input["properties"].get("meta").is_none());
        let urn = rollcall_scim::schema::ENTERPRISE_USER;
        assert!(input["properties"][urn]["properties"].get("department").is_some());
    }
}
