//! What requests and answers have in common: messages, parameters, headers and errors.

use rollcall_scim::schema::{GROUP, USER};
use serde_json::{Map, Value, json};

use super::{SCIM_JSON, content, reference};

/// The messages of RFC 7644.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::from_iter([
        ("Error".to_owned(), error()),
        ("PatchOp".to_owned(), patch()),
        ("SearchRequest".to_owned(), search()),
        ("BulkRequest".to_owned(), bulk_request()),
        ("BulkResponse".to_owned(), bulk_response()),
    ]);
    let either = json!({"anyOf": [reference("schemas", "User"), reference("schemas", "Group")]});
    let lists = [
        ("ListOfUsers", reference("schemas", "User")),
        ("ListOfGroups", reference("schemas", "Group")),
        ("ListOfResources", either),
        ("ListOfResourceTypes", reference("schemas", "ResourceType")),
        ("ListOfSchemas", reference("schemas", "Schema")),
    ];
    schemas.extend(lists.map(|(name, items)| (name.to_owned(), list(&items))));
    schemas
}

/// The `schemas` of a message.
fn urn(message: &str) -> Value {
    let urn = format!("urn:ietf:params:scim:api:messages:2.0:{message}");
    json!({"type": "array", "items": {"type": "string"}, "contains": {"const": urn}, "examples": [[urn]]})
}

fn list(items: &Value) -> Value {
    json!({
        "type": "object",
        "description": "One page of a list: RFC 7644 §3.4.2, RFC 9865 §2.",
        "required": ["schemas", "totalResults", "itemsPerPage", "Resources"],
        "properties": {
            "schemas": urn("ListResponse"),
            "totalResults": {"type": "integer", "description": "How many resources match, on all pages."},
            "startIndex": {"type": "integer", "description": "The 1-based position of the first one; absent, pages are walked by cursor."},
            "itemsPerPage": {"type": "integer", "description": "How many there are on this page."},
            "nextCursor": {"type": "string", "description": "The cursor of the next page; absent, this is the last."},
            "Resources": {"type": "array", "items": items},
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "RFC 7644 §3.12.",
        "required": ["schemas", "status", "detail"],
        "properties": {
            "schemas": urn("Error"),
            "status": {"type": "string", "pattern": "^[45][0-9][0-9]$"},
            "scimType": {
                "type": "string",
                "enum": [
                    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget",
                    "invalidValue", "invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount",
                ],
            },
            "detail": {"type": "string", "description": "What is wrong, where, and what would be right."},
        },
    })
}

fn operations() -> Value {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["op"],
            "properties": {
                "op": {"type": "string", "enum": ["add", "remove", "replace"], "description": "Whatever its case."},
                "path": {"type": "string", "description": "The attribute path; absent, value holds the attributes.", "examples": ["displayName"]},
                "value": {"description": "Any JSON value."},
            },
        },
    })
}

fn patch() -> Value {
    json!({
        "type": "object",
        "description": "Operations that happen together or not at all: RFC 7644 §3.5.2.",
        "required": ["schemas", "Operations"],
        "properties": {"schemas": urn("PatchOp"), "Operations": operations()},
    })
}

fn search() -> Value {
    let names = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "description": "The parameters of a query: RFC 7644 §3.4.3.",
        "required": ["schemas"],
        "properties": {
            "schemas": urn("SearchRequest"),
            "attributes": names,
            "excludedAttributes": names,
            "filter": {"type": "string"},
            "sortBy": {"type": "string"},
            "sortOrder": {"type": "string", "enum": ["ascending", "descending"]},
            "startIndex": {"type": "integer"},
            "count": {"type": "integer"},
            "cursor": {"type": "string"},
        },
    })
}

fn bulk_request() -> Value {
    json!({
        "type": "object",
        "description": "RFC 7644 §3.7.",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": urn("BulkRequest"),
            "failOnErrors": {"type": "integer", "minimum": 1, "description": "How many operations may fail before the rest is left undone."},
            "Operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["method", "path"],
                    "properties": {
                        "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]},
                        "path": {"type": "string", "description": "/Users, /Groups, or one of these with an id.", "examples": ["/Users"]},
                        "bulkId": {"type": "string", "description": "Required of POST. Others refer to what it makes by bulkId: and this."},
                        "version": {"type": "string", "description": "The entity tag that the resource must have."},
                        "data": {"description": "A resource for POST and PUT, a PatchOp for PATCH.", "type": ["object", "array"]},
                    },
                },
            },
        },
    })
}

fn bulk_response() -> Value {
    json!({
        "type": "object",
        "description": "RFC 7644 §3.7.3.",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": urn("BulkResponse"),
            "Operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {
                        "location": {"type": "string", "format": "uri-reference"},
                        "method": {"type": "string"},
                        "bulkId": {"type": "string"},
                        "version": {"type": "string"},
                        "status": {"type": "string", "pattern": "^[2-5][0-9][0-9]$"},
                        "response": reference("schemas", "Error"),
                    },
                },
            },
        },
    })
}

/// The parameters, by the names of their components.
pub(super) fn parameters() -> Value {
    let query = |name: &str, schema: Value, description: &str| json!({"name": name, "in": "query", "schema": schema, "description": description});
    let names = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "query",
            "style": "form",
            "explode": false,
            "schema": {"type": "array", "items": {"type": "string"}},
            "description": description,
        })
    };
    let header = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "schema": {"type": "string"},
            "description": description,
            "example": "W/\"3\"",
        })
    };
    let id = |what: &str| json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "description": what});
    json!({
        "id": id("The id of the resource."),
        "typeName": id("The name of a resource type, such as User."),
        "urn": id("The URN of a schema, whatever its case."),
        "filter": query("filter", json!({"type": "string", "examples": ["meta.created gt \"2026-01-01T00:00:00Z\""]}), "RFC 7644 §3.4.2.2."),
        "sortBy": query("sortBy", json!({"type": "string", "examples": ["meta.created"]}), "The attribute to sort by; absent, resources come in order of creation."),
        "sortOrder": query("sortOrder", json!({"type": "string", "enum": ["ascending", "descending"]}), "Whatever its case."),
        "startIndex": query("startIndex", json!({"type": "integer"}), "The 1-based position of the first resource wanted; less is 1."),
        "count": query("count", json!({"type": "integer"}), "How many resources at most; 0 or less, only how many there are."),
        "cursor": query("cursor", json!({"type": "string"}), "Pages are walked by cursor: empty for the first page, then nextCursor of the one before, with all else equal. Not together with startIndex."),
        "attributes": names("attributes", "Only these attributes, and those that always come back. Not together with excludedAttributes."),
        "excludedAttributes": names("excludedAttributes", "All attributes but these."),
        "ifMatch": header("If-Match", "Only if the version of the resource is one of these entity tags; compared weakly."),
        "ifNoneMatch": header("If-None-Match", "Only if the version of the resource is none of these entity tags."),
    })
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    json!({
        "ETag": {"description": "The version of the resource, as meta.version has it.", "required": true, "schema": {"type": "string"}},
        "Location": {"description": "The URL of the resource.", "required": true, "schema": {"type": "string", "format": "uri-reference"}},
        "WWW-Authenticate": {"description": "RFC 6750 §3.", "required": true, "schema": {"type": "string"}},
        "Retry-After": {"description": "The seconds to wait.", "schema": {"type": "string"}},
    })
}

/// The answers that say what went wrong, by the names of their components.
pub(super) fn responses() -> Value {
    let error = |description: &str| json!({"description": description, "content": content("Error")});
    let mut responses = json!({
        "BadRequest": error("What was sent is malformed or not allowed; scimType and detail say what and where."),
        "Unauthorized": error("There is no credential, or it is not valid."),
        "Forbidden": error("The credential lacks the right, or the directory does not allow it."),
        "NotFound": error("There is no such resource in this directory."),
        "TooManyRequests": error("The directory has sent more requests than it may."),
        "RequestTimeout": error("The body did not come in in time."),
        "Conflict": error("A value is taken that must be unique, or another change came first."),
        "PreconditionFailed": error("The version is none of those of If-Match."),
        "PayloadTooLarge": error("The body is larger, or has more operations, than the limit that detail names."),
        "UnsupportedMediaType": error("The body does not say to be JSON, or is compressed."),
        "InternalError": error("The server failed; its log has the cause under the X-Request-Id."),
        "NotImplemented": error("The service does not do this; of `/Me`, the credential stands for no user."),
        "Unavailable": error("The service cannot answer at present."),
    });
    responses["Unauthorized"]["headers"] =
        json!({"WWW-Authenticate": reference("headers", "WWW-Authenticate")});
    for waits in ["TooManyRequests", "Unavailable"] {
        responses[waits]["headers"] = json!({"Retry-After": reference("headers", "Retry-After")});
    }
    responses
}

/// A body that is an example of what a client sends to make a resource.
pub(super) fn example(name: &str) -> Value {
    match name {
        "User" => json!({"schemas": [USER], "userName": "ana@example.com", "active": true}),
        _ => json!({"schemas": [GROUP], "displayName": "Operations", "members": []}),
    }
}

/// A request body of the schema of that name.
pub(super) fn request_body(schema: &str, example: Option<Value>) -> Value {
    let mut media = json!({"schema": reference("schemas", schema)});
    if let Some(example) = example {
        media["example"] = example;
    }
    json!({"required": true, "content": {SCIM_JSON: media, "application/json": media}})
}
