//! The activity log.

use std::time::Duration;

use rollcall_api::v1::{
    Activity, ActivityFilter, ActivityRecording, ActivityReport, ActivitySettings, AnsweredRequest,
    ConnectionState, GetActivityRequest, GetConnectionHealthRequest, ListActivityRequest,
    RecordActivityRequest, UpdateDirectoryRequest,
};
use tokio::time::timeout;

use crate::house::{Answered as _, DAY, House, SCIM_TOKEN, Setup};
use crate::on_both_databases;

async fn listed(house: &House, filter: ActivityFilter) -> Vec<Activity> {
    let request =
        ListActivityRequest { directory: "default".to_owned(), filter: Some(filter), ..Default::default() };
    house.admin().activity().list_activity(request).await.answer().activities
}

async fn record(house: &House, requests: Vec<AnsweredRequest>) {
    let authorization = format!("Bearer {SCIM_TOKEN}").into_bytes();
    let reports = vec![ActivityReport { authorization, requests }];
    house
        .stranger()
        .activity()
        .record_activity(RecordActivityRequest { reports, now_micros: 0 })
        .await
        .answer();
}

fn request(method: &str, path: &str, status: i32) -> AnsweredRequest {
    AnsweredRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        request_id: format!("{method}-{status}"),
        ..Default::default()
    }
}

async fn what_the_gateway_answers_is_recorded_without_secrets(house: &House) {
    let house = house.replica(Setup { activity: true, ..Setup::default() }).await;
    let scim = house.default().scim;
    let ana = serde_json::json!({ "userName": "ana", "password": "s3cr3t-s3cr3t" });
    let ana = scim.create_user(ana).await;
    let look = async {
        loop {
            if let Some(found) = listed(&house, ActivityFilter::default()).await.into_iter().next() {
                break found;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = timeout(Duration::from_secs(30), look).await.expect("the gateway reports what it answered");
    assert_eq!((found.method.as_str(), found.path.as_str(), found.status), ("POST", "/scim/v2/Users", 201));
    assert_eq!((found.target_type.as_str(), found.target_id.as_str()), ("User", crate::house::id(&ana)));
    let request = GetActivityRequest { directory: "default".to_owned(), id: found.id, ..Default::default() };
    let whole = house.admin().activity().get_activity(request).await.answer().activity.unwrap();
    let body = whole.request_body.unwrap().json;
    assert!(body.contains("ana") && body.contains("[redacted]") && !body.contains("s3cr3t"), "{body}");
}

async fn requests_are_found_by_what_they_were(house: &House) {
    let sent = vec![
        request("GET", "/scim/v2/Users", 200),
        request("PATCH", "/scim/v2/Users/7", 404),
        request("POST", "/scim/v2/Groups", 201),
    ];
    record(house, sent).await;
    let methods = async |filter| {
        let found = listed(house, filter).await;
        found.into_iter().map(|activity| activity.method).collect::<Vec<_>>()
    };
    assert_eq!(methods(ActivityFilter::default()).await.len(), 3);
    assert_eq!(methods(ActivityFilter { failures_only: true, ..Default::default() }).await, ["PATCH"]);
    assert_eq!(methods(ActivityFilter { method: "POST".to_owned(), ..Default::default() }).await, ["POST"]);
    assert_eq!(
        methods(ActivityFilter { path_contains: "users/".to_owned(), ..Default::default() }).await,
        ["PATCH"]
    );
    assert_eq!(methods(ActivityFilter { max_status: 200, ..Default::default() }).await, ["GET"]);
    assert_eq!(methods(ActivityFilter { min_status: 202, ..Default::default() }).await, ["PATCH"]);
    assert_eq!(
        methods(ActivityFilter { request_id: "GET-200".to_owned(), ..Default::default() }).await,
        ["GET"]
    );
}

async fn only_so_much_is_kept_as_the_directory_wants(house: &House) {
    let set = async |recording: ActivityRecording, days, entries| {
        let activity = ActivitySettings { recording: recording.into(), days, entries, ..Default::default() };
        let activity = Some(activity);
        house
            .set(UpdateDirectoryRequest { name: "default".to_owned(), activity, ..Default::default() })
            .await;
    };
    let some = || vec![request("GET", "/scim/v2/Users", 200), request("PATCH", "/scim/v2/Users/7", 404)];
    set(ActivityRecording::Off, None, None).await;
    record(house, some()).await;
    assert_eq!(listed(house, ActivityFilter::default()).await, Vec::new());
    set(ActivityRecording::FailuresAndWrites, None, None).await;
    record(house, some()).await;
    assert_eq!(listed(house, ActivityFilter::default()).await.len(), 1);
    set(ActivityRecording::All, Some(7), None).await;
    record(house, some()).await;
    house.later(6 * DAY).await;
    assert_eq!(listed(house, ActivityFilter::default()).await.len(), 3);
    house.later(2 * DAY).await;
    assert_eq!(listed(house, ActivityFilter::default()).await, Vec::new());
}

async fn it_is_known_how_a_connection_is(house: &House) {
    let state = async || {
        let request = GetConnectionHealthRequest { directory: "default".to_owned() };
        house.admin().activity().get_connection_health(request).await.answer().health.unwrap()
    };
    assert_eq!(state().await.state(), ConnectionState::NeverSeen);
    record(house, vec![request("GET", "/scim/v2/Users", 200)]).await;
    assert_eq!(state().await.state(), ConnectionState::Healthy);
    record(house, vec![request("POST", "/scim/v2/Users", 400)]).await;
    let failing = state().await;
    assert_eq!((failing.state(), failing.last_error.unwrap().status), (ConnectionState::Failing, 400));
    record(house, vec![request("GET", "/scim/v2/Users", 200)]).await;
    assert_eq!(state().await.state(), ConnectionState::Healthy);
    let scim_enabled = Some(false);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), scim_enabled, ..Default::default() })
        .await;
    assert_eq!(state().await.state(), ConnectionState::Off);
}

on_both_databases![
    what_the_gateway_answers_is_recorded_without_secrets,
    requests_are_found_by_what_they_were,
    only_so_much_is_kept_as_the_directory_wants,
    it_is_known_how_a_connection_is,
];
