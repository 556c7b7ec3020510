//! What `/openapi.json` says of the endpoints.

use rollcall_scim::schema::{ENTERPRISE_USER, USER};
use serde_json::{Value, json};

use crate::http::Gateway;

async fn document() -> Value {
    Gateway::new().await.get("/openapi.json").await.json()
}

/// The names of the members of an object, in order.
fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// The names of the components that a list refers to.
fn referred(list: &Value) -> Vec<&str> {
    let paths = list.as_array().unwrap().iter().map(|value| value["$ref"].as_str().unwrap());
    paths.map(|path| path.rsplit('/').next().unwrap()).collect()
}

#[tokio::test]
async fn each_endpoint_has_the_methods_that_it_answers() {
    let document = document().await;
    for (path, methods) in [
        ("/", &["get", "head"][..]),
        ("/.search", &["post"]),
        ("/Users", &["get", "head", "post"]),
        ("/Users/{id}", &["delete", "get", "head", "parameters", "patch", "put"]),
        ("/Users/.search", &["post"]),
        ("/Groups", &["get", "head", "post"]),
        ("/Groups/{id}", &["delete", "get", "head", "parameters", "patch", "put"]),
        ("/Groups/.search", &["post"]),
        ("/Bulk", &["post"]),
        ("/Me", &["delete", "get", "head", "patch", "post", "put"]),
        ("/ServiceProviderConfig", &["get", "head"]),
        ("/ResourceTypes", &["get", "head"]),
        ("/ResourceTypes/{id}", &["get", "head", "parameters"]),
        ("/Schemas", &["get", "head"]),
        ("/Schemas/{id}", &["get", "head", "parameters"]),
        ("/openapi.json", &["get", "head"]),
    ] {
        assert_eq!(names(&document["paths"][path]), methods, "{path}");
    }
}

#[tokio::test]
async fn each_operation_has_the_answers_that_a_client_has_to_expect() {
    let document = document().await;
    let always = ["400", "401", "403", "429", "500", "503"];
    let with_body = ["408", "413", "415"];
    let of_change = ["404", "409", "412"];
    for (path, method, own) in [
        ("/", "get", vec!["200"]),
        ("/Users", "get", vec!["200"]),
        ("/Users/.search", "post", [&["200"][..], &with_body].concat()),
        ("/Users", "post", [&["201", "409"][..], &with_body].concat()),
        ("/Users/{id}", "get", vec!["200", "304", "404"]),
        ("/Users/{id}", "put", [&["200"][..], &with_body, &of_change].concat()),
        ("/Users/{id}", "patch", [&["200"][..], &with_body, &of_change].concat()),
        ("/Groups/{id}", "patch", [&["200", "204"][..], &with_body, &of_change].concat()),
        ("/Users/{id}", "delete", [&["204"][..], &of_change].concat()),
        ("/Bulk", "post", [&["200"][..], &with_body].concat()),
        ("/Me", "get", vec!["200", "304", "404", "501"]),
        ("/Me", "post", vec!["501"]),
        ("/Me", "delete", [&["204", "501"][..], &of_change].concat()),
        ("/Schemas", "get", vec!["200"]),
        ("/Schemas/{id}", "get", vec!["200", "404"]),
    ] {
        let mut expected = [&always[..], &own].concat();
        expected.sort_unstable();
        assert_eq!(names(&document["paths"][path][method]["responses"]), expected, "{method} {path}");
    }
    assert_eq!(names(&document["paths"]["/openapi.json"]["get"]["responses"]), ["200"]);
}

#[tokio::test]
async fn each_operation_has_the_parameters_that_it_reads() {
    let document = document().await;
    let projection = ["attributes", "excludedAttributes"];
    let listing = ["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"];
    for (path, method, own) in [
        ("/Users", "get", [&listing[..], &projection].concat()),
        ("/Groups", "post", projection.to_vec()),
        ("/Users/{id}", "get", [&projection[..], &["ifNoneMatch"]].concat()),
        ("/Users/{id}", "put", [&projection[..], &["ifMatch"]].concat()),
        ("/Groups/{id}", "patch", [&projection[..], &["ifMatch"]].concat()),
        ("/Groups/{id}", "delete", vec!["ifMatch"]),
        ("/Bulk", "post", vec![]),
    ] {
        assert_eq!(referred(&document["paths"][path][method]["parameters"]), own, "{method} {path}");
    }
    for (path, parameter) in
        [("/Users/{id}", "id"), ("/ResourceTypes/{id}", "typeName"), ("/Schemas/{id}", "urn")]
    {
        assert_eq!(referred(&document["paths"][path]["parameters"]), [parameter]);
    }
}

#[tokio::test]
async fn a_head_has_the_headers_of_its_get_and_no_body() {
    let document = document().await;
    let (get, head) = (&document["paths"]["/Users/{id}"]["get"], &document["paths"]["/Users/{id}"]["head"]);
    assert_eq!(names(&head["responses"]), names(&get["responses"]));
    assert_eq!(head["responses"]["200"]["headers"], get["responses"]["200"]["headers"]);
    assert_eq!(names(&head["responses"]["200"]["headers"]), ["ETag", "Location"]);
    assert_eq!((&head["operationId"], &get["operationId"]), (&json!("getUserHeaders"), &json!("getUser")));
    for (status, response) in head["responses"].as_object().unwrap() {
        assert_eq!(names(response), ["description", "headers"], "{status}");
    }
}

#[tokio::test]
async fn what_is_sent_and_answered_is_described_by_name() {
    let document = document().await;
    let schema = |body: &Value| body["content"]["application/scim+json"]["schema"]["$ref"].clone();
    let of = |name: &str| json!(format!("#/components/schemas/{name}"));
    for (path, method, sent, status, answered) in [
        ("/Users", "post", "UserInput", "201", "User"),
        ("/Users/{id}", "put", "UserInput", "200", "User"),
        ("/Groups", "post", "GroupInput", "201", "Group"),
        ("/Groups/{id}", "patch", "PatchOp", "200", "Group"),
        ("/Groups/.search", "post", "SearchRequest", "200", "ListOfGroups"),
        ("/.search", "post", "SearchRequest", "200", "ListOfResources"),
        ("/Bulk", "post", "BulkRequest", "200", "BulkResponse"),
    ] {
        let operation = &document["paths"][path][method];
        assert_eq!(schema(&operation["requestBody"]), of(sent), "{method} {path}");
        assert_eq!(schema(&operation["responses"][status]), of(answered), "{method} {path}");
    }
    let made = |path: &str| {
        document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"].clone()
    };
    assert_eq!(made("/Users")["userName"], "ana@example.com");
    assert_eq!(made("/Groups")["displayName"], "Operations");
    assert_eq!(document["paths"]["/openapi.json"]["get"]["security"], json!([]));
}

#[tokio::test]
async fn attributes_are_described_as_they_are_read_and_written() {
    let document = document().await;
    let schemas = &document["components"]["schemas"];
    let (user, input) = (&schemas["User"], &schemas["UserInput"]);
    assert_eq!(user["required"], json!(["schemas", "id"]));
    assert_eq!(user["description"], schemas["UserInput"]["description"]);
    assert_eq!(user["properties"]["schemas"]["contains"]["const"], USER);
    assert!(input["properties"].get("id").is_none() && user["properties"].get("id").is_some());
    assert!(input["properties"].get("groups").is_none() && user["properties"].get("groups").is_some());
    assert_eq!(user["properties"]["userName"].get("writeOnly"), None);
    assert_eq!(user["properties"]["emails"]["type"], "array");
    let types = &user["properties"]["emails"]["items"]["properties"]["type"]["examples"];
    assert!(types.as_array().unwrap().contains(&json!("work")), "{types}");
    assert_eq!(user["properties"]["userName"].get("examples"), None);
    let urn = ENTERPRISE_USER;
    assert_eq!(user["properties"][urn]["properties"]["manager"]["type"], "object");
    let config = &schemas["ServiceProviderConfig"];
    let required = config["required"].as_array().unwrap();
    for name in ["patch", "bulk", "schemas"] {
        assert_eq!(required.iter().filter(|required| *required == name).count(), 1, "{name}");
    }
    assert_eq!(config["properties"]["patch"]["properties"]["supported"]["type"], "boolean");
}
