//! `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`.

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
