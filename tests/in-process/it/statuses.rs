//! How directories are doing: what needs somebody, in which order, and page by page.

use prost_types::Timestamp;
use rollcall_api::v1::{
    Attention, ConnectionState, CreateTokenRequest, DirectoryOrder, DirectoryStatus, ErrorReason,
    ListDirectoryStatusesRequest, ListDirectoryStatusesResponse, ListTokensRequest, Profile,
    RevokeTokenRequest, Scope, UpdateDirectoryRequest,
};
use rollcall_core::Clock as _;
use serde_json::json;

use crate::house::{Answered as _, House};
use crate::on_both_databases;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

async fn listed(house: &House, request: ListDirectoryStatusesRequest) -> ListDirectoryStatusesResponse {
    house.admin().directories().list_directory_statuses(request).await.answer()
}

fn names(listed: &ListDirectoryStatusesResponse) -> Vec<&str> {
    listed.statuses.iter().map(|status| status.directory.as_ref().unwrap().name.as_str()).collect()
}

async fn status(house: &House, name: &str) -> DirectoryStatus {
    let request = ListDirectoryStatusesRequest { name_contains: name.to_owned(), ..Default::default() };
    listed(house, request).await.statuses.remove(0)
}

async fn dry_run(house: &House, name: &str) {
    house
        .set(UpdateDirectoryRequest { name: name.to_owned(), dry_run: Some(true), ..Default::default() })
        .await;
}

async fn what_needs_somebody_comes_first(house: &House) {
    for name in ["alpha", "beta", "gamma"] {
        house.named_directory(name, Profile::Okta).await;
    }
    let default = house.default().scim;
    let user = default.user("ana").await;
    default.user("ben").await;
    default.change_user(&user, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    default.group("Team", &[&user]).await;
    dry_run(house, "gamma").await;
    let all = listed(house, ListDirectoryStatusesRequest::default()).await;
    assert_eq!(names(&all), ["gamma", "alpha", "beta", "default"]);
    assert_eq!((all.total, all.total_needing_attention), (4, 1));
    assert_eq!(all.statuses[0].attention().collect::<Vec<_>>(), [Attention::DryRun]);
    let by_users = ListDirectoryStatusesRequest { order: DirectoryOrder::Users.into(), ..Default::default() };
    let by_users = listed(house, by_users).await;
    assert_eq!(names(&by_users), ["default", "alpha", "beta", "gamma"]);
    let first = &by_users.statuses[0];
    assert_eq!((first.users, first.active_users, first.groups), (2, 1, 1));
    assert_eq!(first.connection.as_ref().unwrap().state(), ConnectionState::NeverSeen);
    let by_name = ListDirectoryStatusesRequest { order: DirectoryOrder::Name.into(), ..Default::default() };
    assert_eq!(names(&listed(house, by_name).await), ["alpha", "beta", "default", "gamma"]);
    let unknown = ListDirectoryStatusesRequest { order: 99, ..Default::default() };
    house.admin().directories().list_directory_statuses(unknown).await.refused(ErrorReason::InvalidValue);
}

async fn statuses_are_searched_and_walked_page_by_page(house: &House) {
    for name in ["north-1", "north-2", "north-3", "south-1"] {
        house.named_directory(name, Profile::Entra).await;
    }
    let page = |page_token: &str| ListDirectoryStatusesRequest {
        name_contains: "NORTH".to_owned(),
        page_size: 2,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let first = listed(house, page("")).await;
    assert_eq!((names(&first), first.total), (vec!["north-1", "north-2"], 3));
    let second = listed(house, page(&first.next_page_token)).await;
    assert_eq!((names(&second), second.next_page_token.as_str()), (vec!["north-3"], ""));
    let other =
        ListDirectoryStatusesRequest { name_contains: "south".to_owned(), ..page(&first.next_page_token) };
    house.admin().directories().list_directory_statuses(other).await.refused(ErrorReason::InvalidCursor);
    let other = ListDirectoryStatusesRequest { page_size: 3, ..page(&first.next_page_token) };
    house.admin().directories().list_directory_statuses(other).await.refused(ErrorReason::InvalidCount);
    house
        .admin()
        .directories()
        .list_directory_statuses(page("north-2"))
        .await
        .refused(ErrorReason::InvalidCursor);
}

async fn a_key_of_a_directory_sees_that_one_alone(house: &House) {
    house.named_directory("other", Profile::Okta).await;
    let bound = house.service("default", &[Scope::Admin]).await;
    let request = ListDirectoryStatusesRequest::default();
    let listed = bound.directories().list_directory_statuses(request).await.answer();
    assert_eq!((names(&listed), listed.total), (vec!["default"], 1));
    let reader = house.service("", &[Scope::DirectoryRead]).await;
    let refused = reader.directories().list_directory_statuses(ListDirectoryStatusesRequest::default()).await;
    refused.refused(ErrorReason::ScopeMissing);
}

async fn access_that_ends_soon_needs_somebody_until_there_is_a_token_that_lives_longer(house: &House) {
    let token = |days: i64| CreateTokenRequest {
        directory: "default".to_owned(),
        description: "okta".to_owned(),
        expires: Some(Timestamp { seconds: (house.clock.now() + days * DAY) / 1_000_000, nanos: 0 }),
        ..Default::default()
    };
    let tokens = || house.admin().tokens();
    for old in
        tokens().list_tokens(ListTokensRequest { directory: "default".to_owned() }).await.answer().tokens
    {
        let request = RevokeTokenRequest { directory: "default".to_owned(), token: old.id };
        tokens().revoke_token(request).await.answer();
    }
    let attention = async || status(house, "default").await.attention().collect::<Vec<_>>();
    assert_eq!(attention().await, [], "nobody waits for a token that was never made");
    tokens().create_token(token(10)).await.answer();
    assert_eq!(attention().await, [Attention::AccessEnds]);
    assert!(status(house, "default").await.access_ends.is_some());
    tokens().create_token(token(100)).await.answer();
    assert_eq!(attention().await, []);
}

on_both_databases![
    what_needs_somebody_comes_first,
    statuses_are_searched_and_walked_page_by_page,
    a_key_of_a_directory_sees_that_one_alone,
    access_that_ends_soon_needs_somebody_until_there_is_a_token_that_lives_longer,
];
