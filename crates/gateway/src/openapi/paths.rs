//! The endpoints and what each answers.

use serde_json::{Map, Value, json};

use super::messages::{example, request_body};
use super::{content, reference};

/// The errors that every request with a credential can end in.
const ALWAYS: [(&str, &str); 6] = [
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("429", "TooManyRequests"),
    ("500", "InternalError"),
    ("503", "Unavailable"),
];
/// Those of a request with a body.
const WITH_BODY: [(&str, &str); 3] =
    [("408", "RequestTimeout"), ("413", "PayloadTooLarge"), ("415", "UnsupportedMediaType")];
const NOT_FOUND: (&str, &str) = ("404", "NotFound");
const CONFLICT: (&str, &str) = ("409", "Conflict");
const PRECONDITION: (&str, &str) = ("412", "PreconditionFailed");

const LISTING: [&str; 8] =
    ["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];
const PROJECTION: [&str; 2] = ["attributes", "excludedAttributes"];

/// The paths, relative to the base URL.
pub(super) fn paths() -> Value {
    let mut paths = Map::new();
    paths.insert("/".to_owned(), item([("get", list("queryRoot", "Search", "ListOfResources"))]));
    paths.insert("/.search".to_owned(), item([("post", search("searchRoot", "Search", "ListOfResources"))]));
    for (name, endpoint) in [("User", "Users"), ("Group", "Groups")] {
        let list_of = format!("ListOf{endpoint}");
        let one = json!([reference("parameters", "id")]);
        paths.insert(
            format!("/{endpoint}"),
            item([
                ("get", list(&format!("list{endpoint}"), endpoint, &list_of)),
                ("post", create(name, endpoint)),
            ]),
        );
        paths.insert(
            format!("/{endpoint}/.search"),
            item([("post", search(&format!("search{endpoint}"), endpoint, &list_of))]),
        );
        let mut resource = item([
            ("get", get(name, endpoint)),
            ("put", replace(name, endpoint)),
            ("patch", patch(name, endpoint)),
            ("delete", delete(name, endpoint)),
        ]);
        resource["parameters"] = one;
        paths.insert(format!("/{endpoint}/{{id}}"), resource);
    }
    paths.insert("/Bulk".to_owned(), item([("post", bulk())]));
    paths.insert("/Me".to_owned(), me());
    paths.extend(discovery());
    Value::Object(paths)
}

/// A path with its operations. What can be read can be asked for its headers alone.
fn item<const N: usize>(operations: [(&str, Value); N]) -> Value {
    let mut item = json!({});
    for (method, operation) in operations {
        if method == "get" {
            item["head"] = head(&operation);
        }
        item[method] = operation;
    }
    item
}

fn head(get: &Value) -> Value {
    let mut head = get.clone();
    let id = get["operationId"].as_str().unwrap_or_default();
    head["operationId"] = format!("{id}Headers").into();
    head["summary"] = format!("{} Only the headers.", get["summary"].as_str().unwrap_or_default()).into();
    let responses = head["responses"].as_object_mut().into_iter().flatten();
    for (_, response) in responses {
        let described = response.get("description").cloned();
        let description = described.unwrap_or_else(|| "As the error of the same status has it.".into());
        let headers = response.get("headers").cloned().unwrap_or_else(|| json!({}));
        *response = json!({"description": description, "headers": headers});
    }
    head
}

fn operation(
    id: &str,
    tag: &str,
    summary: &str,
    parameters: &[&str],
    responses: Map<String, Value>,
) -> Value {
    let parameters: Vec<Value> = parameters.iter().map(|name| reference("parameters", name)).collect();
    json!({
        "operationId": id,
        "tags": [tag],
        "summary": summary,
        "parameters": parameters,
        "responses": Value::Object(responses),
    })
}

/// A success and the errors beside it.
fn responses(success: (&str, Value), errors: &[&[(&str, &str)]]) -> Map<String, Value> {
    let errors = errors.iter().copied().flatten();
    let errors = errors.map(|(status, name)| ((*status).to_owned(), reference("responses", name)));
    let mut all: Map<String, Value> =
        std::iter::once((success.0.to_owned(), success.1)).chain(errors).collect();
    all.sort_keys();
    all
}

fn listed(schema: &str) -> (&'static str, Value) {
    ("200", json!({"description": "A page of the list.", "content": content(schema)}))
}

fn list(id: &str, tag: &str, schema: &str) -> Value {
    operation(id, tag, "Lists resources.", &LISTING, responses(listed(schema), &[&ALWAYS]))
}

fn search(id: &str, tag: &str, schema: &str) -> Value {
    let responses = responses(listed(schema), &[&ALWAYS, &WITH_BODY]);
    let mut search = operation(id, tag, "Lists resources, with the query in the body.", &[], responses);
    search["requestBody"] = request_body("SearchRequest", None);
    search
}

/// A resource with where it is and which version it has.
fn whole(name: &str, description: &str) -> Value {
    let headers = json!({"ETag": reference("headers", "ETag"), "Location": reference("headers", "Location")});
    json!({"description": description, "headers": headers, "content": content(name)})
}

fn create(name: &str, endpoint: &str) -> Value {
    let responses = responses(("201", whole(name, "Made.")), &[&ALWAYS, &WITH_BODY, &[CONFLICT]]);
    let mut create =
        operation(&format!("create{name}"), endpoint, "Makes a resource.", &PROJECTION, responses);
    create["requestBody"] = request_body(&format!("{name}Input"), Some(example(name)));
    create
}

fn get(name: &str, endpoint: &str) -> Value {
    let mut responses = responses(("200", whole(name, "The resource.")), &[&ALWAYS, &[NOT_FOUND]]);
    responses.insert("304".to_owned(), json!({"description": "The client has this version."}));
    let parameters = ["attributes", "excludedAttributes", "ifNoneMatch"];
    operation(&format!("get{name}"), endpoint, "Reads a resource.", &parameters, responses)
}

fn replace(name: &str, endpoint: &str) -> Value {
    let errors: [&[_]; 3] = [&ALWAYS, &WITH_BODY, &[NOT_FOUND, CONFLICT, PRECONDITION]];
    let responses = responses(("200", whole(name, "Replaced.")), &errors);
    let parameters = ["attributes", "excludedAttributes", "ifMatch"];
    let mut replace =
        operation(&format!("replace{name}"), endpoint, "Replaces a resource.", &parameters, responses);
    replace["requestBody"] = request_body(&format!("{name}Input"), Some(example(name)));
    replace
}

fn patch(name: &str, endpoint: &str) -> Value {
    let errors: [&[_]; 3] = [&ALWAYS, &WITH_BODY, &[NOT_FOUND, CONFLICT, PRECONDITION]];
    let mut responses = responses(("200", whole(name, "Changed.")), &errors);
    if name == "Group" {
        responses["200"]["description"] = "Changed; for who names attributes or excludedAttributes.".into();
        let etag = json!({"ETag": reference("headers", "ETag")});
        responses.insert("204".to_owned(), json!({"description": "Changed.", "headers": etag}));
    }
    let parameters = ["attributes", "excludedAttributes", "ifMatch"];
    let mut patch =
        operation(&format!("patch{name}"), endpoint, "Changes a resource.", &parameters, responses);
    let example = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Ana"}],
    });
    patch["requestBody"] = request_body("PatchOp", Some(example));
    patch
}

fn delete(name: &str, endpoint: &str) -> Value {
    let deleted = ("204", json!({"description": "Deleted."}));
    let responses = responses(deleted, &[&ALWAYS, &[NOT_FOUND, CONFLICT, PRECONDITION]]);
    operation(&format!("delete{name}"), endpoint, "Deletes a resource.", &["ifMatch"], responses)
}

fn bulk() -> Value {
    let answered = json!({
        "description": "What became of each operation, also if all of them failed.",
        "content": content("BulkResponse"),
    });
    let responses = responses(("200", answered), &[&ALWAYS, &WITH_BODY]);
    let mut bulk = operation("applyBulk", "Bulk", "Applies many operations.", &[], responses);
    bulk["requestBody"] = request_body("BulkRequest", None);
    bulk
}

/// RFC 7644 §3.11: an alias for the user that the credential stands for, and 501 where it stands for none.
fn me() -> Value {
    let alias = |mut operation: Value, id: &str, summary: &str| {
        operation["operationId"] = id.into();
        operation["summary"] = format!("{summary} the user that the credential stands for.").into();
        operation["responses"]["501"] = reference("responses", "NotImplemented");
        operation
    };
    let not_made = responses(("501", reference("responses", "NotImplemented")), &[&ALWAYS]);
    item([
        ("get", alias(get("User", "Users"), "getMe", "Reads")),
        ("post", operation("createMe", "Users", "Nobody can make themselves.", &[], not_made)),
        ("put", alias(replace("User", "Users"), "replaceMe", "Replaces")),
        ("patch", alias(patch("User", "Users"), "patchMe", "Changes")),
        ("delete", alias(delete("User", "Users"), "deleteMe", "Deletes")),
    ])
}

fn discovery() -> [(String, Value); 6] {
    let answered =
        |schema: &str| ("200", json!({"description": "What there is.", "content": content(schema)}));
    let read = |id: &str, summary: &str, schema: &str, errors: &[(&str, &str)]| {
        operation(id, "Discovery", summary, &[], responses(answered(schema), &[&ALWAYS, errors]))
    };
    let named = |parameter: &str, operation: Value| {
        let mut item = item([("get", operation)]);
        item["parameters"] = json!([reference("parameters", parameter)]);
        item
    };
    let mut config =
        read("getServiceProviderConfig", "What the service can do.", "ServiceProviderConfig", &[]);
    config["security"] = json!([{}, {"scimToken": []}]);
    let document = json!({"description": "The document.", "content": {"application/scim+json": {"schema": {"type": "object"}}}});
    let mut open_api = operation(
        "getOpenApi",
        "Discovery",
        "This document.",
        &[],
        Map::from_iter([("200".to_owned(), document)]),
    );
    open_api["security"] = json!([]);
    let type_list = read("listResourceTypes", "The types of resources.", "ListOfResourceTypes", &[]);
    let one_type = read("getResourceType", "A type of resource.", "ResourceType", &[NOT_FOUND]);
    let schema_list = read("listSchemas", "The schemas of resources.", "ListOfSchemas", &[]);
    let one_schema = read("getSchema", "A schema.", "Schema", &[NOT_FOUND]);
    [
        ("/ServiceProviderConfig".to_owned(), item([("get", config)])),
        ("/ResourceTypes".to_owned(), item([("get", type_list)])),
        ("/ResourceTypes/{id}".to_owned(), named("typeName", one_type)),
        ("/Schemas".to_owned(), item([("get", schema_list)])),
        ("/Schemas/{id}".to_owned(), named("urn", one_schema)),
        ("/openapi.json".to_owned(), item([("get", open_api)])),
    ]
}
