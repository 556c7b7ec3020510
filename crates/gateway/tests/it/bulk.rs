//! `/Bulk`.

use rollcall_api::patch::from_messages;
use rollcall_api::v1::bulk_operation::Operation;
use rollcall_api::v1::{BulkOperation, ErrorReason};
use serde_json::{Value, json};

use crate::fake_core::{Asked, VERSION};
use crate::http::Gateway;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn request(operations: &Value) -> String {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
        .to_string()
}

/// The results of operations.
async fn results(gateway: &Gateway, operations: &Value) -> Value {
    let reply = gateway.ask("POST /scim/v2/Bulk", &[], request(operations)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut body = reply.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    body["Operations"].take()
}

fn sent(gateway: &Gateway) -> Vec<BulkOperation> {
    match gateway.asked() {
        Asked::Bulk(messages) => messages.into_iter().flat_map(|message| message.operations).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_operation_has_a_result_with_its_location_version_and_status() {
    let gateway = Gateway::new().await;
    let operations = json!([
        {"method": "post", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER], "userName": "ana"}},
        {"method": "PUT", "path": "/Users/u1", "version": "W/\"3\"", "data": {"schemas": [USER], "userName": "ana"}},
        {"Method": "PATCH", "Path": "Users/u1", "Data": {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "title"}]}},
        {"method": "DELETE", "path": "/Users/u1", "bulkId": "d"},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "displayName": "Ops", "members": [{"value": "bulkId:a"}]}},
        {"method": "PUT", "path": "/scim/v2/Groups/bulkId:g", "data": {"schemas": [GROUP], "displayName": "Ops", "members": []}},
        {"method": "PATCH", "path": "/Groups/g1", "data": [{"op": "add", "path": "members", "value": ["u1"]}]},
        {"method": "DELETE", "path": "/Groups/g1"},
    ]);
    let base = "http://id.example.com/scim/v2";
    assert_eq!(
        results(&gateway, &operations).await,
        json!([
            {"location": format!("{base}/Users/u1"), "method": "POST", "bulkId": "a", "version": VERSION, "status": "201"},
            {"location": format!("{base}/Users/u1"), "method": "PUT", "version": VERSION, "status": "200"},
            {"location": format!("{base}/Users/u1"), "method": "PATCH", "version": VERSION, "status": "200"},
            {"location": format!("{base}/Users/u1"), "method": "DELETE", "bulkId": "d", "status": "204"},
            {"location": format!("{base}/Groups/g1"), "method": "POST", "bulkId": "g", "version": VERSION, "status": "201"},
            {"location": format!("{base}/Groups/g1"), "method": "PUT", "version": VERSION, "status": "200"},
            {"location": format!("{base}/Groups/g1"), "method": "PATCH", "version": VERSION, "status": "200"},
            {"location": format!("{base}/Groups/g1"), "method": "DELETE", "status": "204"},
        ])
    );
    let sent = sent(&gateway);
    assert_eq!(
        sent.iter().map(|operation| operation.bulk_id.as_str()).collect::<Vec<_>>(),
        ["a", "", "", "d", "g", "", "", ""]
    );
    let operation = |index: usize| sent[index].operation.clone().unwrap();
    let Operation::ReplaceUser(replace) = operation(1) else { panic!() };
    assert_eq!((replace.id.as_str(), replace.if_match), ("u1", vec![VERSION.to_owned()]));
    let Operation::PatchUser(patch) = operation(2) else { panic!() };
    assert_eq!(from_messages(patch.operations).unwrap()[0].path.as_deref(), Some("title"));
    let Operation::CreateGroup(create) = operation(4) else { panic!() };
    assert_eq!(create.members, ["bulkId:a"]);
    let Operation::ReplaceGroup(replace) = operation(5) else { panic!() };
    assert_eq!((replace.id.as_str(), replace.has_members, replace.members.len()), ("bulkId:g", true, 0));
    let Operation::PatchGroup(patch) = operation(6) else { panic!() };
    assert_eq!(from_messages(patch.operations).unwrap()[0].value, Some(json!(["u1"])));
}

#[tokio::test]
async fn an_operation_that_fails_has_the_scim_error_and_the_rest_is_done() {
    let gateway = Gateway::new().await;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER], "userName": "taken"}},
        {"method": "DELETE", "path": "/Users/none"},
        {"method": "DELETE", "path": "/Users/u1"},
    ]);
    let results = results(&gateway, &operations).await;
    assert_eq!(
        results[0],
        json!({
            "method": "POST",
            "bulkId": "a",
            "status": "409",
            "response": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "status": "409",
                "scimType": "uniqueness",
                "detail": "userName: another user has it",
            },
        })
    );
    assert_eq!(results[1]["location"], "http://id.example.com/scim/v2/Users/none");
    assert_eq!((&results[1]["status"], &results[1]["response"]["status"]), (&json!("404"), &json!("404")));
    assert_eq!(results[2]["status"], "204");
}

#[tokio::test]
async fn an_operation_that_cannot_be_read_fails_in_its_place() {
    let user = json!({"schemas": [USER], "userName": "ana"});
    for (operation, status, part) in [
        (json!(7), "400", "expected an object, got a number"),
        (json!({"path": "/Users/u1"}), "400", "method: it is missing"),
        (
            json!({"method": "GET", "path": "/Users/u1"}),
            "400",
            "method: expected POST, PUT, PATCH or DELETE, got \"GET\"",
        ),
        (json!({"method": 1, "path": "/Users/u1"}), "400", "method: expected a string, got a number"),
        (json!({"method": "DELETE"}), "400", "path: it is missing"),
        (json!({"method": "DELETE", "path": ["/Users/u1"]}), "400", "path: expected a string, got an array"),
        (json!({"method": "DELETE", "path": "/Shoes/1"}), "404", "path: there is no such endpoint"),
        (json!({"method": "DELETE", "path": "/"}), "404", "path: there is no such endpoint"),
        (json!({"method": "DELETE", "path": "/Users"}), "400", "path: DELETE takes one with an id"),
        (
            json!({"method": "POST", "path": "/Users/u1", "bulkId": "a", "data": user}),
            "400",
            "path: POST takes",
        ),
        (json!({"method": "POST", "path": "/Users", "data": user}), "400", "bulkId: it is missing"),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "", "data": user}),
            "400",
            "bulkId: it is missing",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": 1, "data": user}),
            "400",
            "bulkId: expected a string",
        ),
        (json!({"method": "POST", "path": "/Users", "bulkId": "a"}), "400", "data: it is missing"),
        (json!({"method": "PUT", "path": "/Users/u1", "data": null}), "400", "data: it is missing"),
        (json!({"method": "PUT", "path": "/Users/u1", "data": {"schemas": [USER]}}), "400", "userName"),
        (json!({"method": "PUT", "path": "/Users/u1", "data": []}), "400", "expected a JSON object"),
        (
            json!({"method": "PUT", "path": "/Groups/g1", "data": "x"}),
            "400",
            "data: expected an object, got a string",
        ),
        (
            json!({"method": "PATCH", "path": "/Users/u1", "data": {"schemas": ["urn:x"], "Operations": []}}),
            "400",
            "schemas: it lacks",
        ),
        (
            json!({"method": "PATCH", "path": "/Users/u1", "data": 1}),
            "400",
            "data: expected an object, got a number",
        ),
        (json!({"method": "PATCH", "path": "/Groups/g1", "data": [{"op": "x"}]}), "400", "Operations[0].op"),
        (
            json!({"method": "DELETE", "path": "/Users/u1", "version": ""}),
            "400",
            "version: it holds no entity tag",
        ),
        (json!({"method": "DELETE", "path": "/Users/u1", "version": 3}), "400", "version: expected a string"),
    ] {
        let gateway = Gateway::new().await;
        let results = results(&gateway, &json!([operation, {"method": "DELETE", "path": "/Users/u1"}])).await;
        assert_eq!(results[0]["status"], status, "{operation}: {results}");
        let detail = results[0]["response"]["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{operation}: {detail}");
        assert_eq!(results[1]["status"], "204", "{operation}");
        assert!(matches!(sent(&gateway)[0].operation, Some(Operation::Refused(_))));
    }
}

#[tokio::test]
async fn a_result_of_an_unreadable_operation_repeats_what_can_be_read_of_it() {
    let gateway = Gateway::new().await;
    let operations = json!([
        {"method": "put", "path": "/Users/u%201", "bulkId": "b"},
        {"method": "PUT", "path": "/Groups/bulkId:g"},
        {"method": "MOVE", "path": "/Shoes/1", "bulkId": 1},
        {"method": "POST", "path": "/Users", "bulkId": "c"},
    ]);
    let mut results = results(&gateway, &operations).await;
    for result in results.as_array_mut().unwrap() {
        result.as_object_mut().unwrap().remove("response");
    }
    assert_eq!(
        results,
        json!([
            {"location": "http://id.example.com/scim/v2/Users/u%201", "method": "PUT", "bulkId": "b", "status": "400"},
            {"method": "PUT", "status": "400"},
            {"method": "MOVE", "status": "400"},
            {"method": "POST", "bulkId": "c", "status": "400"},
        ])
    );
}

#[tokio::test]
async fn what_comes_after_too_many_errors_has_no_result() {
    let gateway = Gateway::new().await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": 2,
        "Operations": [{"method": "DELETE", "path": "/Users/none"}, {"method": "DELETE", "path": "/Users/u1"}, 1, 2],
    });
    let reply = gateway.ask("POST /scim/v2/Bulk", &[], body.to_string()).await;
    let statuses: Vec<Value> = reply.json()["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].clone())
        .collect();
    assert_eq!(statuses, ["404", "204", "400"]);
}

#[tokio::test]
async fn no_operations_are_no_results() {
    let gateway = Gateway::new().await;
    assert_eq!(results(&gateway, &json!([])).await, json!([]));
    let Asked::Bulk(messages) = gateway.asked() else { panic!() };
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn many_operations_are_sent_in_many_messages_and_answered_in_order() {
    let gateway = Gateway::new().await;
    let operations: Vec<Value> = (0..1000)
        .map(|number| match number % 3 {
            0 => {
                json!({"method": "DELETE", "path": format!("/Users/{number}"), "bulkId": number.to_string()})
            }
            1 => json!(number),
            _ => json!({"method": "POST", "path": "/Groups", "bulkId": number.to_string(),
                        "data": {"schemas": [GROUP], "displayName": "Ops"}}),
        })
        .collect();
    let results = results(&gateway, &json!(operations)).await;
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 1000);
    for (number, result) in results.iter().enumerate().filter(|(number, _)| number % 3 != 1) {
        assert_eq!(result["bulkId"], number.to_string());
    }
    let Asked::Bulk(messages) = gateway.asked() else { panic!() };
    assert!(messages.len() >= 10);
}

#[tokio::test]
async fn too_many_operations_and_too_many_bytes_are_413_and_name_the_limit() {
    let gateway = Gateway::new().await;
    let operations = vec![json!({"method": "DELETE", "path": "/Users/none"}); 1001];
    let reply = gateway.ask("POST /scim/v2/Bulk", &[], request(&json!(operations))).await;
    assert_eq!(
        reply.error(413),
        (String::new(), "more than the 1000 operations allowed in a bulk".to_owned())
    );
    let empty = vec![json!({}); 1_000_000];
    gateway.ask("POST /scim/v2/Bulk", &[], request(&json!(empty))).await.error(413);
    let long = vec![b' '; 32 * 1024 * 1024 + 1];
    let (_, detail) = gateway.ask("POST /scim/v2/Bulk", &[], long).await.error(413);
    assert!(detail.contains("33554432 bytes"), "{detail}");
}

#[tokio::test]
async fn a_user_in_a_bulk_may_be_as_large_as_any_other_and_a_group_may_have_many_members() {
    let gateway = Gateway::new().await;
    let members: Vec<String> = (0..100_000).map(|number| format!("0197-member-{number}")).collect();
    let operations = json!([
        {"method": "PUT", "path": "/Users/u1", "data": {"schemas": [USER], "userName": "ana", "title": "x".repeat(2_100_000)}},
        {"method": "PUT", "path": "/Groups/g1", "data": {"schemas": [GROUP], "displayName": "Ops", "members": members}},
    ]);
    let results = results(&gateway, &operations).await;
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("413"), &json!("200")));
    assert!(results[0]["response"]["detail"].as_str().unwrap().contains("2097152 bytes"));
    let Some(Operation::ReplaceGroup(replace)) = sent(&gateway).remove(1).operation else { panic!() };
    assert_eq!(replace.members, members);
}

#[tokio::test]
async fn the_deepest_data_that_are_read_also_reach_the_core() {
    let nested = |levels: usize| {
        let text = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        serde_json::from_str::<Value>(&text).unwrap()
    };
    for (levels, status) in [(28, "200"), (29, "400")] {
        let gateway = Gateway::new().await;
        let data = json!({"schemas": [USER], "userName": "ana", "urn:example:1.0:User": nested(levels)});
        let patch = json!([{"op": "add", "value": nested(levels - 1)}]);
        let operations = json!([
            {"method": "PUT", "path": "/Users/u1", "data": data},
            {"method": "PATCH", "path": "/Users/u1", "data": patch},
            {"method": "PATCH", "path": "/Groups/g1", "data": patch},
        ]);
        for result in results(&gateway, &operations).await.as_array().unwrap() {
            assert_eq!(result["status"], status, "{levels}: {result}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_whole() {
    let gateway = Gateway::new().await;
    for (body, part) in [
        ("{}".to_owned(), "Operations: it is missing"),
        ("{\"schemas\":[\"urn:x\"]}".to_owned(), "schemas: it lacks"),
        ("[]".to_owned(), "an array"),
        ("{\"Operations\": [1".to_owned(), "line 1 column"),
        (request(&json!({})), "Operations: expected an array of objects, got an object"),
        (request(&json!(null)), "Operations: expected an array of objects, got null"),
    ] {
        let (scim_type, detail) = gateway.ask("POST /scim/v2/Bulk", &[], body.clone()).await.error(400);
        assert_eq!(scim_type, "invalidSyntax", "{body}");
        assert!(detail.contains(part), "{body}: {detail}");
    }
    assert!(gateway.core.asked().iter().all(|asked| matches!(asked, Asked::WhoAmI)));
}

#[tokio::test]
async fn half_a_character_refuses_the_operation_that_has_it() {
    let gateway = Gateway::new().await;
    let body = request(&json!([
        {"method": "PUT", "path": "/Users/u1", "data": {"schemas": [USER], "userName": "HALF"}},
        {"method": "DELETE", "path": "/Users/u1"},
    ]));
    let reply = gateway.ask("POST /scim/v2/Bulk", &[], body.replace("HALF", "\\ud800")).await;
    let results = reply.json()["Operations"].take();
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("400"), &json!("204")));
    let Some(Operation::Refused(refused)) = sent(&gateway).remove(0).operation else { panic!() };
    assert_eq!(refused.reason(), ErrorReason::InvalidSyntax);
}
