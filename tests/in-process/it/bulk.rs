//! Many changes in one request.

use rollcall_api::v1::{GetServiceProviderConfigRequest, ListHoldsRequest, Profile, UpdateDirectoryRequest};
use rollcall_core::Limits;
use serde_json::{Value, json};

use crate::house::{Answered as _, HOUR, House, SCIM_TOKEN, Scim, USER, id, texts};
use crate::on_both_databases;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn user(bulk_id: &str, name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "schemas": [USER], "userName": name } })
}

fn group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    let data = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

fn delete(user: &Value) -> Value {
    json!({ "method": "DELETE", "path": format!("/Users/{}", id(user)) })
}

fn patch(user: &str, operation: &Value) -> Value {
    let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    let data = json!({ "schemas": [schema], "Operations": [operation] });
    json!({ "method": "PATCH", "path": format!("/Users/{user}"), "data": data })
}

fn request(operations: &[Value], fail_on_errors: Option<u32>) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations,
    });
    if let Some(most) = fail_on_errors {
        body["failOnErrors"] = json!(most);
    }
    body
}

async fn send(scim: &Scim, operations: &[Value]) -> Vec<Value> {
    let answer = scim.post("/Bulk", request(operations, None)).await.ok();
    answer["Operations"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

/// How many members the group of this name has.
async fn members(scim: &Scim, name: &str) -> usize {
    let page = scim.get(&format!("/Groups?filter=displayName eq \"{name}\"")).await.listing();
    texts(&scim.read_group(&page["Resources"][0]).await["members"], "value").len()
}

async fn groups_that_refer_to_one_another_are_made_together_or_not_at_all(house: &House) {
    let scim = house.default().scim;
    let results = send(
        &scim,
        &[group("a", "A", &["bulkId:b", "bulkId:u"]), group("b", "B", &["bulkId:a"]), user("u", "ana")],
    )
    .await;
    assert_eq!(statuses(&results), ["201", "201", "201"]);
    assert_eq!((members(&scim, "A").await, members(&scim, "B").await), (2, 1));
    let results = send(
        &scim,
        &[
            group("c", "C", &["bulkId:d", "7"]),
            group("d", "D", &["bulkId:c"]),
            group("e", "E", &["bulkId:d"]),
        ],
    )
    .await;
    assert_eq!(statuses(&results), ["400", "409", "409"]);
    let detail = |index: usize| results[index]["response"]["detail"].as_str().unwrap();
    assert!(detail(1).contains("bulkId:c") && detail(1).contains("circle"), "{results:?}");
    assert!(detail(2).contains("bulkId:d") && !detail(2).contains("circle"), "{results:?}");
    assert_eq!(scim.get("/Groups").await.listing()["totalResults"], 2);
    assert_eq!(statuses(&send(&scim, &[group("h", "H", &["bulkId:h"])]).await), ["201"]);
    assert_eq!(members(&scim, "H").await, 1);
}

async fn a_request_stops_after_as_many_errors_as_it_allows(house: &House) {
    let scim = house.default().scim;
    scim.user("ana").await;
    let operations = [user("1", "ana"), user("2", "ben"), user("3", "ANA"), user("4", "cleo")];
    let results =
        async |most| scim.post("/Bulk", request(&operations, most)).await.ok()["Operations"].clone();
    assert_eq!(texts(&results(Some(1)).await, "status"), ["409"]);
    assert_eq!(scim.find("userName pr").await, ["ana"]);
    assert_eq!(texts(&results(Some(2)).await, "status"), ["409", "201", "409"]);
    assert_eq!(scim.find("userName pr").await, ["ana", "ben"]);
    assert_eq!(texts(&results(None).await, "status"), ["409", "409", "409", "201"]);
}

async fn references_that_lead_nowhere_fail_by_themselves(house: &House) {
    let scim = house.default().scim;
    let boss = json!({ "op": "add", "path": "title", "value": "Boss" });
    let operations = [
        group("a", "A", &["bulkId:none"]),
        user("b", ""),
        group("c", "C", &["bulkId:b"]),
        user("d", "dan"),
        user("d", "double"),
        patch("bulkId:e", &boss),
        user("e", "eve"),
    ];
    let results = send(&scim, &operations).await;
    let found = statuses(&results);
    assert_eq!((found[1], found[2], found[5], found[6]), ("400", "409", "200", "201"), "{results:?}");
    assert!(found[0].starts_with('4') && found[4].starts_with('4'), "{results:?}");
    assert_eq!(scim.find("title eq \"boss\"").await, ["eve"]);
    assert_eq!(scim.get("/Groups").await.listing()["totalResults"], 0);
    let ids: Vec<_> = results.iter().map(|result| result["bulkId"].as_str().unwrap_or_default()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "d", "", "e"]);
    assert!(results[6]["location"].as_str().unwrap().starts_with("https://id.example.com/scim/v2/Users/"));
    assert_eq!(results[6]["version"].as_str().unwrap(), "W/\"1\"");
}

async fn more_than_the_published_limits_is_refused_whole(house: &House) {
    let house = house.limited(Limits { max_bulk_operations: 2, ..Limits::default() }).await;
    let scim = house.default().scim;
    let three = [user("1", "ana"), user("2", "ben"), user("3", "cleo")];
    scim.post("/Bulk", request(&three, None)).await.refused(413, "");
    assert_eq!(scim.find("userName pr").await, Vec::<String>::new());
    assert_eq!(statuses(&send(&scim, &three[..2]).await), ["201", "201"]);
}

async fn many_results_come_in_the_order_of_the_request(house: &House) {
    let scim = house.default().scim;
    let mut operations = vec![group("g", "Everybody", &["bulkId:u249"])];
    operations.extend((0..250).map(|number| user(&format!("u{number}"), &format!("user{number}"))));
    let results = send(&scim, &operations).await;
    assert_eq!(results.len(), 251);
    assert!(results.iter().all(|result| result["status"] == "201"));
    let expected: Vec<String> =
        operations.iter().map(|one| one["bulkId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts(&json!(results), "bulkId"), expected);
}

async fn who_returns_in_a_circle_is_who_the_others_refer_to(house: &House) {
    let scim = house.directory(Profile::Okta).await.scim;
    let attributes = json!({ "userName": "ana", "externalId": "e" });
    let ana = scim.create_user(attributes).await;
    scim.delete_user(&ana).await;
    let mut returning = user("u", "ana");
    returning["data"]["externalId"] = json!("e");
    let results = send(&scim, &[group("g", "G", &["bulkId:u"]), returning]).await;
    assert_eq!(statuses(&results), ["201", "201"]);
    assert_eq!(scim.read_user(&ana).await["groups"][0]["display"], "G");
}

async fn a_request_by_which_too_many_would_leave_is_held_whole(house: &House) {
    let (scim, users) = house.railed().await;
    let leave = json!({ "op": "replace", "path": "active", "value": false });
    let put = json!({ "method": "PUT", "path": format!("/Users/{}", id(&users[1])),
        "data": { "schemas": [USER], "userName": "ben", "active": false } });
    let three = [user("n", "new"), delete(&users[0]), put, patch(id(&users[2]), &leave)];
    let refused = scim.post("/Bulk", request(&three, None)).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert!(refused.text.contains("by which 3 users would leave"), "{refused:?}");
    assert_eq!(scim.find("active eq true").await, ["ana", "ben", "cleo", "dan"]);
    let list = ListHoldsRequest { directory: "default".to_owned(), ..Default::default() };
    let holds = async || house.admin().holds().list_holds(list.clone()).await.answer().holds;
    assert_eq!(holds().await[0].changes, 3);
    house.clock.pass(2 * HOUR);
    // An operation that fails by itself makes nobody leave, nor does one that says nothing of it.
    let mut stale = delete(&users[3]);
    stale["version"] = json!("W/\"9\"");
    let eve = scim.user("eve").await;
    let title = json!({ "op": "add", "path": "title", "value": "Boss" });
    let results = send(&scim, &[stale, delete(&eve), patch(id(&users[3]), &title)]).await;
    assert_eq!(statuses(&results), ["412", "204", "200"]);
    assert_eq!(holds().await.len(), 1);
}

async fn a_dry_run_tells_of_each_operation_and_does_none(house: &House) {
    let (scim, users) = house.railed().await;
    let dry_run = Some(true);
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), dry_run, ..Default::default() }).await;
    let title = json!({ "op": "add", "path": "title", "value": "Boss" });
    let operations = [
        user("e", "eve"),
        user("f", "EVE"),
        group("g", "G", &["bulkId:e", "bulkId:h"]),
        group("h", "H", &["bulkId:g"]),
        patch(id(&users[0]), &title),
        delete(&users[1]),
    ];
    let told = scim.post("/Bulk", request(&operations, None)).await;
    assert!(told.status.is_client_error(), "{told:?}");
    let told = told.json()["detail"].as_str().unwrap().to_owned();
    for part in [
        "would have been done: 5",
        "would have failed: 1",
        "Operations[1]: ",
        "the user \"eve\" would have been created",
        &format!("the user {} would have been changed: title", id(&users[0])),
        &format!("the user {} would have been deleted", id(&users[1])),
        "the group \"H\" would have been created",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let stopping = scim.post("/Bulk", request(&operations, Some(1))).await.json()["detail"].to_string();
    assert!(stopping.contains("left undone"), "{stopping}");
    let three: Vec<Value> = users[..3].iter().map(delete).collect();
    let held = scim.post("/Bulk", request(&three, None)).await.json()["detail"].to_string();
    assert!(held.contains("would have held") && held.contains("users leave: 3"), "{held}");
    assert_eq!(scim.find("userName pr").await, ["ana", "ben", "cleo", "dan"]);
    assert_eq!(scim.find("title pr").await, Vec::<String>::new());
    let list = ListHoldsRequest { directory: "default".to_owned(), ..Default::default() };
    assert_eq!(house.admin().holds().list_holds(list).await.answer().holds, []);
}

async fn what_the_service_supports_is_told_with_the_limits_that_hold(house: &House) {
    let house = house.limited(Limits { max_bulk_operations: 7, ..Limits::default() }).await;
    let request = GetServiceProviderConfigRequest::default();
    let token = house.caller(SCIM_TOKEN);
    let config = token.discovery().get_service_provider_config(request).await.answer().config.unwrap();
    assert_eq!(config.bulk_max_operations, 7);
    let shown = house.default().scim.get("/ServiceProviderConfig").await.ok();
    assert_eq!(shown["bulk"]["maxOperations"], 7);
}

on_both_databases![
    groups_that_refer_to_one_another_are_made_together_or_not_at_all,
    a_request_stops_after_as_many_errors_as_it_allows,
    references_that_lead_nowhere_fail_by_themselves,
    more_than_the_published_limits_is_refused_whole,
    many_results_come_in_the_order_of_the_request,
    who_returns_in_a_circle_is_who_the_others_refer_to,
    a_request_by_which_too_many_would_leave_is_held_whole,
    a_dry_run_tells_of_each_operation_and_does_none,
    what_the_service_supports_is_told_with_the_limits_that_hold,
];
