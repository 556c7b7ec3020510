//! `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`.

use rollcall_gateway::Settings;
use serde_json::json;

use crate::http::Gateway;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

#[tokio::test]
async fn the_lists_are_list_responses() {
    let gateway = Gateway::new().await;
    for (path, id) in [("/scim/v2/ResourceTypes", "User"), ("/scim/v2/Schemas", USER)] {
        let list = gateway.get(path).await.json();
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]), "{path}");
        assert_eq!(
            (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
            (&json!(1), &json!(1), &json!(1))
        );
        assert_eq!(list["Resources"][0]["id"], id);
        assert_eq!(list["Resources"][0]["meta"]["location"], format!("http://id.example.com{path}/{id}"));
    }
}

#[tokio::test]
async fn no_larger_bulk_is_announced_than_this_gateway_reads() {
    let config = Gateway::new().await.get("/scim/v2/ServiceProviderConfig").await.json();
    assert_eq!(config["bulk"]["maxPayloadSize"], 32 * 1024 * 1024);
    let settings = Settings { max_large_body_bytes: usize::MAX, ..Settings::default() };
    let config = Gateway::with(settings).await.get("/scim/v2/ServiceProviderConfig").await.json();
    assert_eq!(config["bulk"]["maxPayloadSize"], 64 * 1024 * 1024);
}

#[tokio::test]
async fn each_is_found_by_its_id() {
    let gateway = Gateway::new().await;
    assert_eq!(gateway.get("/scim/v2/ResourceTypes/User").await.json()["endpoint"], "/Users");
    assert_eq!(gateway.get(&format!("/scim/v2/Schemas/{USER}")).await.json()["id"], USER);
    assert_eq!(gateway.get(&format!("/scim/v2/Schemas/{}", USER.to_uppercase())).await.json()["id"], USER);
    gateway.get("/scim/v2/ResourceTypes/Device").await.error(404);
    gateway.get("/scim/v2/Schemas/urn:example:none").await.error(404);
}

#[tokio::test]
async fn a_filter_is_refused_and_paging_is_ignored() {
    let gateway = Gateway::new().await;
    for path in ["/scim/v2/ResourceTypes", "/scim/v2/Schemas"] {
        gateway.get(&format!("{path}?filter=name%20eq%20%22User%22")).await.error(403);
        assert_eq!(
            gateway.get(&format!("{path}?startIndex=5&count=x&sortBy=id")).await.json()["totalResults"],
            1
        );
    }
}

#[tokio::test]
async fn the_description_of_the_surface_needs_no_credential() {
    let gateway = Gateway::new().await;
    for (path, base) in [
        ("/openapi.json", "/scim/v2"),
        ("/scim/v2/openapi.json", "/scim/v2"),
        ("/api/ee/scim/v2/openapi.json", "/api/ee/scim/v2"),
    ] {
        let request = http::Request::builder().uri(path).header("host", "id.example.com");
        let reply = gateway.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["openapi"]), (200, &json!("3.1.0")), "{path}");
        assert_eq!(
            reply.json()["servers"],
            json!([{"url": format!("http://id.example.com{base}")}]),
            "{path}"
        );
        for path in ["/", "/.search", "/Users/{id}", "/Groups/.search", "/Bulk", "/Me", "/Schemas/{id}"] {
            assert!(reply.json()["paths"].get(path).is_some(), "{path}");
        }
    }
    assert!(gateway.core.asked().is_empty());
}
