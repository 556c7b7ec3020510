//! `GET /Users`.

use rollcall_api::v1::{ListUsersRequest, SortOrder};
use serde_json::{Value, json};

use crate::fake_core::Asked;
use crate::http::Gateway;

async fn asked(query: &str) -> ListUsersRequest {
    let gateway = Gateway::new().await;
    assert_eq!(gateway.get(&format!("/scim/v2/Users?{query}")).await.status, 200);
    match gateway.asked() {
        Asked::List(request) => request,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_query_reaches_the_core() {
    let request = asked(
        "filter=userName+eq+%22a%2Bb%22&sortBy=name.familyName&sortOrder=descending&startindex=3&count=2\
         &attributes=userName,emails%5Btype%20eq%20%22a,b%22%5D&aadOptscim062020",
    )
    .await;
    assert_eq!(request.filter, "userName eq \"a+b\"");
    assert_eq!((request.sort_by.as_str(), request.sort_order()), ("name.familyName", SortOrder::Descending));
    assert_eq!((request.start_index, request.page_size), (Some(3), Some(2)));
    assert_eq!(request.projection.unwrap().attributes, ["userName", "emails[type eq \"a,b\"]"]);
    assert_eq!(request.directory, "");
    assert_eq!(asked("sortBy=id&sortOrder=Ascending").await.sort_order(), SortOrder::Ascending);
    assert_eq!(asked("sortBy=id").await.sort_order(), SortOrder::Unspecified);
}

#[tokio::test]
async fn pages_are_counted_by_index_unless_a_cursor_is_sent() {
    let request = asked("").await;
    assert_eq!((request.start_index, request.page_size, request.page_token.as_str()), (Some(1), None, ""));
    let request = asked("cursor&count=-1").await;
    assert_eq!((request.start_index, request.page_size, request.page_token.as_str()), (None, Some(-1), ""));
    let request = asked("cursor=abc").await;
    assert_eq!((request.start_index, request.page_token.as_str()), (None, "abc"));
}

#[tokio::test]
async fn a_page_by_index_says_where_it_begins_and_how_long_it_is() {
    let page = Gateway::new().await.get("/scim/v2/Users?startIndex=5&count=100").await.json();
    assert_eq!(page["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!(
        (&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]),
        (&json!(7), &json!(5), &json!(1))
    );
    assert_eq!(page["Resources"][0]["meta"]["location"], "http://id.example.com/scim/v2/Users/u1");
    assert!(page.get("nextCursor").is_none());
}

#[tokio::test]
async fn an_empty_page_has_an_empty_array() {
    let page = Gateway::new().await.get("/scim/v2/Users?filter=none&startIndex=1").await.json();
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    });
    assert_eq!(page, expected);
}

#[tokio::test]
async fn a_page_by_cursor_has_the_next_cursor_and_no_index() {
    let gateway = Gateway::new().await;
    let page = gateway.get("/scim/v2/Users?cursor").await.json();
    assert_eq!((&page["nextCursor"], &page["itemsPerPage"]), (&json!("next"), &json!(1)));
    assert!(page.get("startIndex").is_none());
    let last = gateway.get("/scim/v2/Users?cursor=next&filter=last").await.json();
    assert_eq!(last.get("nextCursor"), None::<&Value>);
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said_by_name() {
    let gateway = Gateway::new().await;
    for (query, scim_type, part) in [
        ("startIndex=one", "invalidValue", "startIndex"),
        ("count=1.5", "invalidValue", "count"),
        ("cursor&count=1.5", "invalidCount", "count"),
        ("cursor=a&startIndex=1", "invalidValue", "cursor"),
        ("sortBy=userName&sortOrder=up", "invalidValue", "sortOrder"),
        ("filter=%zz", "invalidFilter", "filter"),
        ("filter=%ff", "invalidFilter", "UTF-8"),
        ("filter=a%00", "invalidValue", "U+0000"),
    ] {
        let (got, detail) = gateway.get(&format!("/scim/v2/Users?{query}")).await.error(400);
        assert_eq!(got, scim_type, "{query}");
        assert!(detail.contains(part), "{query}: {detail}");
    }
}
