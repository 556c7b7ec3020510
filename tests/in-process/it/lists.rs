//! Lists: of users, of everything, page by page, and the user that a token stands for.

use rollcall_api::v1::{
    CreateTokenRequest, ErrorReason, GetUserRequest, ListUsersRequest, ListUsersResponse, Profile,
    UpdateDirectoryRequest,
};
use rollcall_core::Limits;
use serde_json::{Value, json};

use crate::house::{Answered as _, DAY, House, MINUTE, Scim, id, texts};
use crate::on_both_databases;

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn search(scim: &Scim, path: &str, asked: Value) -> Value {
    let mut body = asked;
    body["schemas"] = json!([SEARCH]);
    scim.post(path, body).await.listing()
}

fn names(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().unwrap().iter();
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).map(str::to_owned);
    resources.map(|one| name(one).unwrap()).collect()
}

async fn a_search_finds_users_and_groups_together(house: &House) {
    let scim = house.default().scim;
    let (ana, _) = (scim.user("ana").await, scim.user("ben").await);
    scim.group("Crew", &[&ana]).await;
    let all = search(&scim, "/.search", json!({})).await;
    assert_eq!((&all["totalResults"], names(&all).len()), (&json!(3), 3));
    let found = search(&scim, "/.search", json!({ "filter": "displayName eq \"crew\"" })).await;
    assert_eq!(names(&found), ["Crew"]);
    let found = search(
        &scim,
        "/.search",
        json!({ "filter": "userName pr", "sortBy": "userName", "sortOrder": "descending" }),
    )
    .await;
    assert_eq!(names(&found), ["ben", "ana"]);
    assert_eq!(found["Resources"][1]["groups"][0]["display"], "Crew");
    let found = search(&scim, "/Groups/.search", json!({ "attributes": ["displayName"] })).await;
    assert_eq!((names(&found), &found["Resources"][0]["members"]), (vec!["Crew".to_owned()], &Value::Null));
    let found = search(&scim, "/Users/.search", json!({ "startIndex": 2, "count": 1 })).await;
    assert_eq!((names(&found), &found["startIndex"]), (vec!["ben".to_owned()], &json!(2)));
    let wrong = json!({ "schemas": [SEARCH], "filter": "nothing eq 1" });
    scim.post("/.search", wrong).await.refused(400, "invalidFilter");
    let groups_enabled = Some(false);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), groups_enabled, ..Default::default() })
        .await;
    assert_eq!(names(&search(&scim, "/.search", json!({})).await), ["ana", "ben"]);
    for (filter, found) in [
        ("groups.display eq \"Crew\"", &[][..]),
        ("groups.display ne \"Crew\"", &["ana", "ben"]),
        ("not (groups pr)", &["ana", "ben"]),
        ("userName eq \"ana\" and not (groups[value pr])", &["ana"]),
        ("userName eq \"ana\" or groups pr", &["ana"]),
    ] {
        assert_eq!(scim.find(filter).await, found, "{filter}");
    }
    assert_eq!(scim.get("/Groups").await.listing()["totalResults"], 0);
}

fn page(size: i64, token: &str) -> ListUsersRequest {
    ListUsersRequest {
        directory: "default".to_owned(),
        page_size: Some(size),
        page_token: token.to_owned(),
        ..Default::default()
    }
}

async fn listed(house: &House, request: ListUsersRequest) -> ListUsersResponse {
    house.admin().users().list_users(request).await.answer()
}

async fn refused(house: &House, request: ListUsersRequest, reason: ErrorReason) {
    house.admin().users().list_users(request).await.refused(reason);
}

async fn a_page_token_goes_on_with_the_walk_that_it_is_of_and_no_other(house: &House) {
    let scim = house.default().scim;
    for name in ["ana", "ben", "cleo", "dan", "eve"] {
        scim.create_user(json!({ "userName": name, "title": "x" })).await;
    }
    let first = listed(house, page(2, "")).await;
    assert_eq!((first.total_results, first.users.len(), first.start_index), (5, 2, 0));
    let token = first.next_page_token.as_str();
    let second = listed(house, page(2, token)).await;
    assert_eq!(second.users[0].user_name.as_deref(), Some("cleo"));
    let last = listed(house, page(2, &second.next_page_token)).await;
    assert_eq!((last.users.len(), last.next_page_token.as_str()), (1, ""));
    refused(house, page(3, token), ErrorReason::InvalidCount).await;
    let filter = "title pr".to_owned();
    refused(house, ListUsersRequest { filter, ..page(2, token) }, ErrorReason::InvalidCursor).await;
    let sort_by = "title".to_owned();
    refused(house, ListUsersRequest { sort_by, ..page(2, token) }, ErrorReason::InvalidCursor).await;
    let start_index = Some(1);
    refused(house, ListUsersRequest { start_index, ..page(2, token) }, ErrorReason::InvalidValue).await;
    house.directory(Profile::Okta).await;
    let directory = "okta".to_owned();
    refused(house, ListUsersRequest { directory, ..page(2, token) }, ErrorReason::InvalidCursor).await;
    for forged in ["AAAA", &token[..token.len() - 2], &format!("B{}", &token[1..]), &token.repeat(2)] {
        refused(house, page(2, forged), ErrorReason::InvalidCursor).await;
    }
    let by_title = ListUsersRequest { sort_by: "title".to_owned(), ..page(4, "") };
    let first = listed(house, by_title.clone()).await;
    let page_token = first.next_page_token;
    let second = listed(house, ListUsersRequest { page_token, ..by_title }).await;
    assert_eq!((first.users.len(), second.users.len()), (4, 1));
    let created = ListUsersRequest { sort_by: "meta.created".to_owned(), ..page(4, "") };
    let first = listed(house, created.clone()).await;
    let page_token = first.next_page_token;
    let second = listed(house, ListUsersRequest { page_token, ..created }).await;
    assert_eq!(second.users[0].user_name.as_deref(), Some("eve"));
    assert_eq!(listed(house, page(0, "")).await.users.len(), 0);
    assert_eq!(listed(house, page(-1, "")).await.users.len(), 0);
    let indexed = ListUsersRequest { start_index: Some(-3), ..page(2, "") };
    let indexed = listed(house, indexed).await;
    assert_eq!((indexed.start_index, indexed.next_page_token.as_str()), (1, ""));
}

async fn a_page_token_lasts_for_its_time_and_opens_at_every_replica_until_the_keys_change(house: &House) {
    let limits = Limits { page_token_lifetime: std::time::Duration::from_mins(10), ..Limits::default() };
    let house = house.limited(limits).await;
    let other = house.limited(Limits::default()).await;
    for name in ["ana", "ben", "cleo"] {
        house.default().scim.user(name).await;
    }
    let token = async || listed(&house, page(1, "")).await.next_page_token;
    let first = token().await;
    house.clock.pass(9 * MINUTE);
    assert_eq!(listed(&other, page(1, &first)).await.users[0].user_name.as_deref(), Some("ben"));
    house.clock.pass(2 * MINUTE);
    let over = house.admin().users().list_users(page(1, &first)).await.refused(ErrorReason::ExpiredCursor);
    over.naming(&["10 minutes"]);
    let second = token().await;
    other.core.rotate_page_token_keys().await.unwrap();
    assert_eq!(listed(&house, page(1, &second)).await.users.len(), 1, "a replica learns it within a minute");
    house.clock.pass(MINUTE);
    refused(&house, page(1, &second), ErrorReason::InvalidCursor).await;
    let third = token().await;
    assert_eq!(listed(&other, page(1, &third)).await.users.len(), 1);
    // Tokens of the period before open, and the keys of long ago are forgotten.
    house.later(31 * DAY).await;
    refused(&house, page(1, &third), ErrorReason::ExpiredCursor).await;
    house.later(60 * DAY).await;
    refused(&house, page(1, &third), ErrorReason::InvalidCursor).await;
    let fourth = token().await;
    house.work().await;
    assert_eq!(listed(&other, page(1, &fourth)).await.users.len(), 1);
}

async fn whoever_has_a_token_of_a_user_is_that_user_at_me(house: &House) {
    let directory = house.default();
    let ana = directory.scim.user("ana").await;
    directory.scim.get("/Me").await.refused(501, "");
    let request =
        CreateTokenRequest { directory: "default".to_owned(), user: "ana".to_owned(), ..Default::default() };
    let token = house.admin().tokens().create_token(request).await.answer().secret;
    let own = house.scim(&token);
    let me = own.get("/Me").await.ok();
    assert_eq!((id(&me), &me["userName"]), (id(&ana), &json!("ana")));
    own.patch("/Me", json!([{ "op": "add", "path": "title", "value": "Boss" }])).await.ok();
    assert_eq!(directory.scim.read_user(&ana).await["title"], "Boss");
    let body = crate::house::body_of(crate::house::USER, json!({ "userName": "ana", "nickName": "A" }));
    own.put("/Me", body).await.ok();
    let replaced = directory.scim.read_user(&ana).await;
    assert_eq!((&replaced["title"], &replaced["nickName"]), (&Value::Null, &json!("A")));
    let get = |id: &str, me| GetUserRequest {
        directory: "default".to_owned(),
        id: id.to_owned(),
        me,
        ..Default::default()
    };
    let caller = house.caller(&token);
    caller.users().get_user(get(id(&ana), true)).await.refused(ErrorReason::InvalidValue);
    assert_eq!(caller.users().get_user(get("", true)).await.answer().user.unwrap().id, id(&ana));
    let upper = id(&ana).to_uppercase();
    caller.users().get_user(get(&upper, false)).await.refused(ErrorReason::NotFound);
    house.admin().users().get_user(get("", true)).await.refused(ErrorReason::NotImplemented);
    own.delete("/Me").await.no_content();
    assert_eq!(directory.scim.find("userName pr").await, Vec::<String>::new());
}

async fn a_list_holds_no_more_than_the_service_supports(house: &House) {
    let house = house.limited(Limits { max_page_size: 3, default_page_size: 2, ..Limits::default() }).await;
    let scim = house.default().scim;
    for name in ["ana", "ben", "cleo", "dan"] {
        scim.user(name).await;
    }
    let shown = async |query: &str| texts(&scim.get(query).await.listing()["Resources"], "userName").len();
    assert_eq!((shown("/Users").await, shown("/Users?count=10").await), (2, 3));
    assert_eq!((shown("/Users?count=1").await, shown("/Users?count=0").await), (1, 0));
    assert_eq!(scim.get("/Users?count=0").await.listing()["totalResults"], 4);
    scim.get("/Users?sortBy=groups").await.refused(400, "invalidPath");
    scim.get("/Groups?sortBy=members").await.refused(400, "invalidPath");
    scim.get("/Users?sortBy=nothing").await.refused(400, "invalidPath");
}

on_both_databases![
    a_search_finds_users_and_groups_together,
    a_page_token_goes_on_with_the_walk_that_it_is_of_and_no_other,
    a_page_token_lasts_for_its_time_and_opens_at_every_replica_until_the_keys_change,
    whoever_has_a_token_of_a_user_is_that_user_at_me,
    a_list_holds_no_more_than_the_service_supports,
];
