//! `/Users` and `/Users/{id}`.

use axum::body::Body;
use rollcall_api::v1::patch_operation::Kind;
use rollcall_api::v1::{PatchOperation, Projection};
use serde_json::json;

use crate::fake_core::{Asked, VERSION};
use crate::http::Gateway;

const NEW_USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana@example.com","active":true}"#;

fn patch(operations: &str) -> String {
    format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":{operations}}}"#)
}

fn projection(asked: Asked) -> Projection {
    let projection = match asked {
        Asked::Create(request) => request.projection,
        Asked::Get(request) => request.projection,
        Asked::Replace(request) => request.projection,
        Asked::Patch(request) => request.projection,
        other => panic!("{other:?}"),
    };
    projection.unwrap()
}

#[tokio::test]
async fn a_create_is_201_with_location_etag_and_the_user() {
    let gateway = Gateway::new().await;
    let reply =
        gateway.ask("POST /scim/v2/Users", &[("content-type", "application/scim+json")], NEW_USER).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("location"), "http://id.example.com/scim/v2/Users/u1");
    assert_eq!(reply.header("etag"), VERSION);
    let user = reply.json();
    assert_eq!(user["meta"]["location"], reply.header("location"));
    assert_eq!(user["meta"]["version"], VERSION);
    let Asked::Create(request) = gateway.asked() else { panic!() };
    assert_eq!(request.user.unwrap().user_name.as_deref(), Some("ana@example.com"));
}

#[tokio::test]
async fn a_read_is_200_or_304_for_who_has_the_version() {
    let gateway = Gateway::new().await;
    let reply = gateway.get("/scim/v2/Users/u1").await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION));
    for tags in [VERSION, "\"3\"", "\"1\", W/\"3\"", "*"] {
        let reply = gateway.ask("GET /scim/v2/Users/u1", &[("if-none-match", tags)], Body::empty()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text.as_str(), reply.header("etag")),
            (304, "", VERSION),
            "{tags}"
        );
        assert_eq!(reply.header("content-type"), "");
    }
    let reply = gateway.ask("GET /scim/v2/Users/u1", &[("if-none-match", "W/\"2\"")], Body::empty()).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_replace_is_200_with_the_user() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("PUT /scim/v2/Users/u1", &[("if-match", VERSION)], NEW_USER).await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION), "{}", reply.text);
    let Asked::Replace(request) = gateway.asked() else { panic!() };
    assert_eq!((request.id.as_str(), request.if_match), ("u1", vec![VERSION.to_owned()]));
}

#[tokio::test]
async fn a_patch_is_200_with_the_user_and_its_operations_keep_their_values() {
    let gateway = Gateway::new().await;
    let body = patch(
        r#"[{"op":"Replace","path":"title","value":null},{"op":"add","value":{"x":1.10}},{"op":"remove","path":"a"}]"#,
    );
    let reply = gateway.ask("PATCH /scim/v2/Users/u1", &[], body).await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, VERSION));
    assert_eq!(reply.json()["userName"], "ana@example.com");
    let Asked::Patch(request) = gateway.asked() else { panic!() };
    let operations = rollcall_api::patch::from_messages(request.operations.clone()).unwrap();
    let kinds: Vec<Kind> = request.operations.iter().map(PatchOperation::kind).collect();
    assert_eq!(kinds, [Kind::Replace, Kind::Add, Kind::Remove]);
    assert_eq!(operations[0].value, Some(json!(null)));
    assert_eq!(operations[1].value, Some(serde_json::from_str(r#"{"x":1.10}"#).unwrap()));
    assert_eq!(operations[2].value, None);
}

#[tokio::test]
async fn a_patch_without_operations_is_asked_of_the_core() {
    let gateway = Gateway::new().await;
    assert_eq!(gateway.ask("PATCH /scim/v2/Users/u1", &[], patch("[]")).await.status, 200);
    let Asked::Patch(request) = gateway.asked() else { panic!() };
    assert!(request.operations.is_empty());
}

#[tokio::test]
async fn a_delete_is_204_without_a_body() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("DELETE /scim/v2/Users/u1", &[], Body::empty()).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str(), reply.header("content-type")), (204, "", ""));
    gateway.ask("DELETE /scim/v2/Users/none", &[], Body::empty()).await.error(404);
}

#[tokio::test]
async fn preconditions_are_for_the_core_to_judge_but_an_empty_one_is_refused() {
    let gateway = Gateway::new().await;
    for (line, body) in [
        ("PUT /scim/v2/Users/u1", NEW_USER.to_owned()),
        ("PATCH /scim/v2/Users/u1", patch("[]")),
        ("DELETE /scim/v2/Users/u1", String::new()),
    ] {
        let with = async |tags| gateway.ask(line, &[("if-match", tags)], body.clone()).await;
        with("W/\"2\"").await.error(412);
        with("").await.error(400);
        assert!(with("\"1\", W/\"3\"").await.status.is_success(), "{line}");
        assert!(with("*").await.status.is_success(), "{line}");
    }
}

#[tokio::test]
async fn every_answer_with_a_user_can_be_cut_and_still_has_its_etag() {
    let gateway = Gateway::new().await;
    for (line, body) in [
        ("GET /scim/v2/Users/u1", String::new()),
        ("POST /scim/v2/Users", NEW_USER.to_owned()),
        ("PUT /scim/v2/Users/u1", NEW_USER.to_owned()),
        ("PATCH /scim/v2/Users/u1", patch("[]")),
    ] {
        let asked = format!("{line}?attributes=userName,name.familyName");
        let reply = gateway.ask(&asked, &[], body.clone()).await;
        assert_eq!(reply.header("etag"), VERSION, "{line}");
        let asked = projection(gateway.asked());
        assert_eq!(asked.attributes, ["userName", "name.familyName"], "{line}");
        assert_eq!(asked.scim_base_url.as_deref(), Some("http://id.example.com/scim/v2"), "{line}");

        let reply = gateway.ask(&format!("{line}?excludedAttributes=name,meta.version"), &[], body).await;
        assert_eq!(reply.header("etag"), VERSION, "{line}");
        assert_eq!(projection(gateway.asked()).excluded_attributes, ["name", "meta.version"], "{line}");
    }
}

#[tokio::test]
async fn me_is_asked_of_the_core_in_one_call_and_answered_where_the_user_really_is() {
    for (line, body) in [
        ("GET /scim/v2/Me", String::new()),
        ("PUT /scim/v2/Me", NEW_USER.to_owned()),
        ("PATCH /scim/v2/Me", patch("[]")),
    ] {
        let gateway = Gateway::new().await;
        let reply = gateway.ask(&format!("{line}?attributes=userName"), &[], body).await;
        assert_eq!(reply.status, 200, "{line}: {}", reply.text);
        assert_eq!(reply.header("location"), "http://id.example.com/scim/v2/Users/u1", "{line}");
        assert_eq!(reply.header("etag"), VERSION, "{line}");
        let asked = gateway.core.asked();
        let [asked] = &asked[..] else { panic!("{line}: {asked:?}") };
        let (id, me) = match asked.clone() {
            Asked::Get(request) => (request.id, request.me),
            Asked::Replace(request) => (request.id, request.me),
            Asked::Patch(request) => (request.id, request.me),
            other => panic!("{other:?}"),
        };
        assert_eq!((id.as_str(), me), ("", true), "{line}");
    }
    let gateway = Gateway::new().await;
    assert_eq!(gateway.ask("DELETE /scim/v2/Me", &[], Body::empty()).await.status, 204);
    gateway.ask("PUT /scim/v2/Me", &[("if-match", "W/\"2\"")], NEW_USER).await.error(412);
}

#[tokio::test]
async fn an_id_that_reads_like_me_is_an_id() {
    let gateway = Gateway::new().await;
    gateway.get("/scim/v2/Users/Me").await.error(404);
    let Asked::Get(request) = gateway.asked() else { panic!() };
    assert_eq!((request.id.as_str(), request.me), ("Me", false));
}
