//! `/.search`, and queries of the root.

use axum::body::Body;
use rollcall_api::v1::SearchResourcesRequest;
use serde_json::{Value, json};

use crate::fake_core::{Asked, GroupAsked};
use crate::http::Gateway;

fn search(mut members: Value) -> String {
    members["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
    members.to_string()
}

fn asked(gateway: &Gateway) -> SearchResourcesRequest {
    match gateway.core.asked().into_iter().next() {
        Some(Asked::Search(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_root_lists_users_and_groups_with_their_members() {
    let body = search(json!({"filter": "meta.version pr", "startIndex": 1, "count": 3, "sortBy": "id"}));
    for (line, body) in [
        ("POST /scim/v2/.search", body),
        ("GET /scim/v2?filter=meta.version+pr&count=3&sortBy=id", String::new()),
        ("GET /scim/v2/?filter=meta.version+pr&count=3&sortBy=id", String::new()),
    ] {
        let gateway = Gateway::new().await;
        let reply = gateway.ask(line, &[], body).await;
        assert_eq!(reply.status, 200, "{line}: {}", reply.text);
        let page = reply.json();
        assert_eq!(page["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(3), &json!(3)));
        let ids: Vec<&Value> =
            page["Resources"].as_array().unwrap().iter().map(|found| &found["id"]).collect();
        assert_eq!(ids, ["u1", "2", "0"]);
        assert_eq!(page["Resources"][1]["members"].as_array().unwrap().len(), 2);
        assert_eq!(page["Resources"][0]["meta"]["location"], "http://id.example.com/scim/v2/Users/u1");
        let request = asked(&gateway);
        assert_eq!((request.filter.as_str(), request.sort_by.as_str()), ("meta.version pr", "id"));
        assert_eq!((request.start_index, request.page_size), (Some(1), Some(3)));
    }
}

#[tokio::test]
async fn a_search_can_leave_members_out_and_walk_by_cursor() {
    let gateway = Gateway::new().await;
    let body = search(json!({"cursor": "", "excludedAttributes": ["members"]}));
    let page = gateway.ask("POST /scim/v2/.search", &[], body).await.json();
    assert_eq!((&page["nextCursor"], page.get("startIndex")), (&json!("next"), None));
    assert!(page["Resources"][1].get("members").is_none());
    assert_eq!(asked(&gateway).projection.unwrap().excluded_attributes, ["members"]);
    assert_eq!(gateway.core.asked().len(), 1);
}

#[tokio::test]
async fn each_type_is_searched_at_its_endpoint() {
    let gateway = Gateway::new().await;
    let body = search(json!({"filter": "none", "attributes": ["userName"]}));
    let page = gateway.ask("POST /scim/v2/Users/.search", &[], body).await.json();
    assert_eq!((&page["startIndex"], &page["Resources"]), (&json!(1), &json!([])));
    let Asked::List(request) = gateway.asked() else { panic!() };
    assert_eq!(
        (request.filter.as_str(), request.projection.unwrap().attributes),
        ("none", vec!["userName".to_owned()])
    );

    let body = search(json!({"filter": "1", "excludedAttributes": ["members"]}));
    let page = gateway.ask("POST /scim/v2/Groups/.search", &[], body).await.json();
    assert_eq!(page["Resources"][0]["id"], "1");
    assert!(matches!(gateway.asked(), Asked::Groups(GroupAsked::List(_))));
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_said_by_name() {
    let gateway = Gateway::new().await;
    for path in ["/scim/v2/.search", "/scim/v2/Users/.search", "/scim/v2/Groups/.search"] {
        for (body, scim_type, part) in [
            ("{\"schemas\":{}}".to_owned(), "invalidSyntax", "schemas: expected an array"),
            ("[]".to_owned(), "invalidSyntax", "an array"),
            ("{\"x\": ".to_owned(), "invalidSyntax", "line 1 column"),
            (search(json!({"filter": {}})), "invalidFilter", "filter"),
            (search(json!({"count": "1"})), "invalidValue", "count"),
            (search(json!({"cursor": "", "startIndex": 1})), "invalidValue", "cursor"),
        ] {
            let (got, detail) = gateway.ask(&format!("POST {path}"), &[], body.clone()).await.error(400);
            assert_eq!(got, scim_type, "{path} {body}");
            assert!(detail.contains(part), "{path} {body}: {detail}");
        }
    }
    gateway.ask("POST /scim/v2/.search", &[("content-type", "text/plain")], Body::from("x")).await.error(415);
}
