//! `/Groups` and `/Groups/{id}`.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use rollcall_api::patch::from_messages;
use rollcall_api::v1::Projection;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fake_core::{Asked, GroupAsked, TOKEN, VERSION};
use crate::http::Gateway;

const NEW_GROUP: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Ops"}"#;

fn new_group(members: &Value) -> String {
    NEW_GROUP.replace('}', &format!(",\"members\":{members}}}"))
}

fn patch(operations: &Value) -> String {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
        .to_string()
}

fn members(count: usize) -> Value {
    (0..count).map(|number| json!({"value": format!("m{number}"), "$ref": null, "display": "x"})).collect()
}

/// What the groups of the core were asked. It may also have been asked of the credential, before a large body was read.
fn asked(gateway: &Gateway) -> Vec<GroupAsked> {
    let asked = gateway.core.asked().into_iter();
    asked
        .filter_map(|asked| match asked {
            Asked::Groups(asked) => Some(asked),
            Asked::WhoAmI => None,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn projection(asked: &[GroupAsked]) -> Projection {
    let projection = match &asked[0] {
        GroupAsked::Create(messages) => messages[0].projection.clone(),
        GroupAsked::Get(message) => message.projection.clone(),
        GroupAsked::List(message) => message.projection.clone(),
        GroupAsked::Replace(messages) => messages[0].projection.clone(),
        GroupAsked::Patch(messages) => messages[0].projection.clone(),
        other => panic!("{other:?}"),
    };
    projection.unwrap()
}

#[tokio::test]
async fn a_read_is_200_with_the_members() {
    let gateway = Gateway::new().await;
    let reply = gateway.get("/scim/v2/Groups/2").await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION));
    assert_eq!(reply.header("location"), "http://id.example.com/scim/v2/Groups/2");
    assert_eq!(reply.header("content-length"), reply.text.len().to_string());
    assert_eq!(
        reply.json(),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "2",
            "displayName": "Ops",
            "meta": {
                "resourceType": "Group",
                "version": VERSION,
                "location": "http://id.example.com/scim/v2/Groups/2",
            },
            "members": [
                {
                    "value": "m0",
                    "$ref": "http://id.example.com/scim/v2/Users/m0",
                    "display": "Member 0",
                    "type": "User",
                },
                {
                    "value": "m1",
                    "$ref": "http://id.example.com/scim/v2/Groups/m1",
                    "display": "Member 1",
                    "type": "Group",
                },
            ],
        })
    );
    assert_eq!(gateway.get("/scim/v2/Groups/0").await.json()["members"], json!([]));
    gateway.get("/scim/v2/Groups/none").await.error(404);
    gateway.get("/scim/v2/Groups/gone").await.error(404);
}

#[tokio::test]
async fn members_that_nobody_wants_are_not_asked_for() {
    for query in
        ["excludedAttributes=members", "attributes=displayName", "excludedAttributes=displayName,MEMBERS"]
    {
        for line in ["GET /scim/v2/Groups/2", "GET /scim/v2/Groups"] {
            let gateway = Gateway::new().await;
            let reply = gateway.ask(&format!("{line}?filter=2&{query}"), &[], Body::empty()).await;
            assert_eq!(reply.status, 200, "{line} {query}: {}", reply.text);
            assert!(!reply.text.contains("\"members\""), "{line} {query}: {}", reply.text);
            assert_eq!(asked(&gateway).len(), 1, "{line} {query}");
        }
    }
    for (line, headers) in [
        ("GET /scim/v2/Groups/2", [("if-none-match", VERSION)]),
        ("HEAD /scim/v2/Groups/2", [("accept", "application/json")]),
    ] {
        let gateway = Gateway::new().await;
        let reply = gateway.ask(line, &headers, Body::empty()).await;
        assert_eq!((reply.text.as_str(), reply.header("etag")), ("", VERSION), "{line}");
        assert!(matches!(asked(&gateway)[..], [GroupAsked::Get(_)]), "{line}");
    }
}

#[tokio::test]
async fn parts_of_members_are_shown_alone() {
    let gateway = Gateway::new().await;
    let group = gateway.get("/scim/v2/Groups/2?attributes=members.value,members.type").await.json();
    assert_eq!(group["members"], json!([{"value": "m0", "type": "User"}, {"value": "m1", "type": "Group"}]));
    let group = gateway.get("/scim/v2/Groups/2?excludedAttributes=members.$ref,members.display").await.json();
    assert_eq!(group["members"][1], json!({"value": "m1", "type": "Group"}));
    assert_eq!(group["meta"]["version"], VERSION);
}

#[tokio::test]
async fn a_list_has_the_members_of_each_group() {
    let gateway = Gateway::new().await;
    let reply =
        gateway.get("/scim/v2/Groups?filter=2+0+gone+1&startIndex=3&sortBy=displayName&count=4").await;
    let page = reply.json();
    assert_eq!(
        (&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]),
        (&json!(7), &json!(3), &json!(4))
    );
    let groups = page["Resources"].as_array().unwrap();
    let of = |group: &Value| (group["id"].clone(), group["members"].as_array().unwrap().len());
    assert_eq!(
        groups.iter().map(of).collect::<Vec<_>>(),
        [(json!("2"), 2), (json!("0"), 0), (json!("gone"), 0), (json!("1"), 1)]
    );
    let Some(GroupAsked::List(request)) = asked(&gateway).into_iter().next() else { panic!() };
    assert_eq!((request.filter.as_str(), request.sort_by.as_str()), ("2 0 gone 1", "displayName"));
    assert_eq!((request.start_index, request.page_size), (Some(3), Some(4)));

    let empty = gateway.get("/scim/v2/Groups?cursor").await.json();
    assert_eq!((&empty["Resources"], &empty["nextCursor"]), (&json!([]), &json!("next")));
    assert!(empty.get("startIndex").is_none());
}

#[tokio::test]
async fn a_long_answer_is_read_from_the_core_as_the_client_takes_it() {
    let gateway = Gateway::new().await;
    let request = Request::builder()
        .uri("/scim/v2/Groups/200000")
        .header("host", "id.example.com")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::empty())
        .unwrap();
    let response = gateway.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get("content-length").is_none());
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let piece = frame.unwrap().into_data().unwrap();
        text.extend_from_slice(&piece);
        // A message of the core is a thousand members, which are at least 75 bytes each.
        assert!(gateway.core.member_messages() <= 3 + text.len() / 75_000, "{}", text.len());
    }
    let group: Value = serde_json::from_slice(&text).unwrap();
    let members = group["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[199_999]["value"]), (200_000, &json!("m199999")));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_or_no_answer_at_all() {
    let gateway = Gateway::new().await;
    gateway.get("/scim/v2/Groups/breaks-at-once").await.error(503);
    gateway.get("/scim/v2/Groups?filter=2+breaks-at-once").await.error(503);
    for uri in ["/scim/v2/Groups/breaks", "/scim/v2/Groups?filter=breaks+2"] {
        let request = Request::builder().uri(uri).header("host", "id.example.com");
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let response = gateway.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.into_body().collect().await.is_err(), "{uri}");
    }
}

#[tokio::test]
async fn a_create_streams_its_members_and_is_201_with_the_group() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("POST /scim/v2/Groups", &[], new_group(&members(2500))).await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (201, VERSION), "{}", reply.text);
    assert_eq!(reply.header("location"), "http://id.example.com/scim/v2/Groups/2");
    assert_eq!(reply.json()["members"].as_array().unwrap().len(), 2);
    let asked = asked(&gateway);
    let GroupAsked::Create(messages) = &asked[0] else { panic!("{asked:?}") };
    assert_eq!(messages.iter().map(|message| message.members.len()).collect::<Vec<_>>(), [1000, 1000, 500]);
    assert_eq!(messages[2].members[499], "m2499");
    assert_eq!(messages[0].group.as_ref().unwrap().display_name.as_deref(), Some("Ops"));
    assert!(messages[1].group.is_none() && messages[1].projection.is_none());
}

#[tokio::test]
async fn a_replace_says_whether_it_speaks_of_members() {
    for (body, has_members, count) in [
        (NEW_GROUP.to_owned(), false, [0].as_slice()),
        (new_group(&json!(null)), false, &[0]),
        (new_group(&json!([])), true, &[0]),
        (new_group(&json!(["m1"])), true, &[1]),
        (new_group(&members(1001)), true, &[1000, 1]),
    ] {
        let gateway = Gateway::new().await;
        let reply = gateway.ask("PUT /scim/v2/Groups/0", &[("if-match", VERSION)], body).await;
        assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION), "{}", reply.text);
        assert_eq!(reply.json()["members"], json!([]));
        let asked = asked(&gateway);
        let GroupAsked::Replace(messages) = &asked[0] else { panic!("{asked:?}") };
        assert_eq!((messages[0].id.as_str(), messages[0].has_members), ("0", has_members));
        assert_eq!(messages[0].if_match, [VERSION]);
        assert_eq!(messages.iter().map(|message| message.members.len()).collect::<Vec<_>>(), count);
    }
}

#[tokio::test]
async fn a_patch_is_204_and_reads_no_member() {
    let gateway = Gateway::new().await;
    let operations = json!([
        {"op": "Add", "path": "members", "value": members(2001)},
        {"op": "remove", "path": "members[value eq \"m1\"]"},
    ]);
    let reply = gateway.ask("PATCH /scim/v2/Groups/2", &[("if-match", "*")], patch(&operations)).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!((reply.header("etag"), reply.header("location")), (VERSION, ""));
    let asked = asked(&gateway);
    let [GroupAsked::Patch(messages)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(messages.iter().map(|message| message.operations.len()).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!((messages[0].id.as_str(), &messages[0].if_match), ("2", &vec!["*".to_owned()]));
    assert_eq!(projection(&asked).attributes, ["id"]);
    let operations = messages.iter().flat_map(|message| message.operations.clone()).collect();
    let operations = from_messages(operations).unwrap();
    assert_eq!(operations.len(), 2);
    assert_eq!(operations[0].value.as_ref().unwrap()[2000], "m2000");
    assert_eq!(operations[1].path.as_deref(), Some("members[value eq \"m1\"]"));
}

#[tokio::test]
async fn a_patch_is_200_with_the_group_for_who_names_attributes() {
    for (query, expected) in [
        ("attributes=members.value", json!([{"value": "m0"}, {"value": "m1"}])),
        ("excludedAttributes=members", json!(null)),
        ("attributes=displayName", json!(null)),
    ] {
        let gateway = Gateway::new().await;
        let reply = gateway.ask(&format!("PATCH /scim/v2/Groups/2?{query}"), &[], patch(&json!([]))).await;
        assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION), "{query}");
        assert_eq!(reply.json()["members"], expected, "{query}");
        assert_eq!(reply.json()["id"], "2", "{query}");
    }
}

#[tokio::test]
async fn a_delete_is_204() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("DELETE /scim/v2/Groups/2", &[], Body::empty()).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    gateway.ask("DELETE /scim/v2/Groups/none", &[], Body::empty()).await.error(404);
}

#[tokio::test]
async fn preconditions_are_for_the_core_to_judge() {
    for (line, body) in [
        ("PUT /scim/v2/Groups/2", NEW_GROUP.to_owned()),
        ("PATCH /scim/v2/Groups/2", patch(&json!([]))),
        ("DELETE /scim/v2/Groups/2", String::new()),
    ] {
        let gateway = Gateway::new().await;
        gateway.ask(line, &[("if-match", "W/\"2\"")], body.clone()).await.error(412);
        gateway.ask(line, &[("if-match", " ")], body).await.error(400);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_with_its_place_and_never_reaches_the_groups() {
    let gateway = Gateway::new().await;
    let group = "urn:ietf:params:scim:schemas:core:2.0:Group";
    for (line, body, scim_type, part) in [
        ("POST /scim/v2/Groups", "{\"a\": ".to_owned(), "invalidSyntax", "line 1 column"),
        ("POST /scim/v2/Groups", "[]".to_owned(), "invalidSyntax", "an array"),
        ("PUT /scim/v2/Groups/2", String::new(), "invalidSyntax", "empty"),
        ("POST /scim/v2/Groups", json!({"schemas": [group]}).to_string(), "invalidValue", "displayName"),
        (
            "PUT /scim/v2/Groups/2",
            new_group(&json!([{"value": "m1"}, {"display": "x"}])),
            "invalidValue",
            "members[1]",
        ),
        ("PUT /scim/v2/Groups/2", new_group(&json!(7)), "invalidValue", "members[0]"),
        (
            "PATCH /scim/v2/Groups/2",
            "{\"schemas\":[\"urn:x\"]}".to_owned(),
            "invalidSyntax",
            "schemas: it lacks",
        ),
        (
            "PATCH /scim/v2/Groups/2",
            patch(&json!([{"op": "add", "path": "members", "value": ["m1"]}, {"op": "merge"}])),
            "invalidSyntax",
            "Operations[1].op",
        ),
    ] {
        let (got, detail) = gateway.ask(line, &[], body.clone()).await.error(400);
        assert_eq!(got, scim_type, "{line} {body}");
        assert!(detail.contains(part), "{line} {body}: {detail}");
    }
    // Whether a PUT is for something that is there is asked before anybody is told what is wrong with its body.
    assert!(
        gateway
            .core
            .asked()
            .iter()
            .all(|asked| matches!(asked, Asked::WhoAmI | Asked::Groups(GroupAsked::Get(_))))
    );
}

#[tokio::test]
async fn a_body_past_its_limit_is_413_and_names_the_limit() {
    let gateway = Gateway::new().await;
    let long = Body::from(vec![b' '; 32 * 1024 * 1024 + 1]);
    assert!(gateway.ask("POST /scim/v2/Groups", &[], long).await.error(413).1.contains("33554432 bytes"));
    let attribute = NEW_GROUP.replace("Ops", &"x".repeat(2 * 1024 * 1024));
    assert!(
        gateway.ask("PUT /scim/v2/Groups/2", &[], attribute).await.error(413).1.contains("2097152 bytes")
    );
    let members = new_group(&members(100_000));
    assert!(members.len() > 2 * 1024 * 1024);
    assert_eq!(gateway.ask("PUT /scim/v2/Groups/2", &[], members).await.status, 200);
}

#[tokio::test]
async fn a_group_that_was_written_is_answered_even_if_its_members_cannot_be_read() {
    let gateway = Gateway::new().await;
    for id in ["breaks-at-once", "gone"] {
        let reply = gateway.ask(&format!("PUT /scim/v2/Groups/{id}"), &[], NEW_GROUP).await;
        assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION), "{id}");
        assert_eq!(reply.json()["id"], id);
        assert!(reply.json().get("members").is_none(), "{id}");
    }
}
