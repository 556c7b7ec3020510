//! The activity log: what is kept, counted and followed of requests.

use std::time::Duration;

use prost_types::Timestamp;
use rollcall_api::v1::{
    Activity, ActivityFilter, ActivityRecording, ActivityReport, ActivitySettings, AnsweredRequest,
    ConnectionState, ErrorReason, GetActivityRequest, GetConnectionHealthRequest, ListActivityRequest,
    RecordActivityRequest, Scope, SummarizeActivityRequest, UpdateDirectoryRequest, WatchActivityRequest,
};
use rollcall_core::Clock as _;
use tokio::time::timeout;

use crate::house::{Answered as _, DAY, HOUR, House, MINUTE, SCIM_TOKEN, Setup};
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
        .record_activity(RecordActivityRequest { reports, ..Default::default() })
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

async fn who_follows_the_log_gets_what_comes_and_matches_until_their_key_ends(house: &House) {
    record(house, vec![request("GET", "/scim/v2/Users", 200)]).await;
    let old = listed(house, ActivityFilter::default()).await.remove(0).id;
    let made = rollcall_api::v1::CreateServiceKeyRequest {
        name: "console".to_owned(),
        directory: "default".to_owned(),
        scopes: vec![Scope::Admin.into()],
        ..Default::default()
    };
    let made = house.admin().service_keys().create_service_key(made).await.answer();
    let filter = Some(ActivityFilter { failures_only: true, ..Default::default() });
    let watch = |after: &str| WatchActivityRequest {
        filter: filter.clone(),
        after: after.to_owned(),
        ..Default::default()
    };
    let follower = house.caller(&made.secret);
    let mut stream = follower.activity().watch_activity(watch(&old)).await.unwrap().into_inner();
    let mut next =
        async || timeout(Duration::from_secs(30), stream.message()).await.expect("something comes");
    assert_eq!(next().await.unwrap().unwrap().activity, None, "the stream has begun");
    record(house, vec![request("GET", "/scim/v2/Users", 200), request("GET", "/scim/v2/Users", 401)]).await;
    house.clock.pass(MINUTE);
    assert_eq!(next().await.unwrap().unwrap().activity.unwrap().status, 401);
    record(house, vec![request("PUT", "/scim/v2/Users/x", 412), request("PUT", "/scim/v2/Users/x", 500)])
        .await;
    house.clock.pass(MINUTE);
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(next().await.unwrap().unwrap().activity.unwrap().status);
    }
    assert_eq!(seen, [412, 500]);
    let revoke = rollcall_api::v1::RevokeServiceKeyRequest { service_key: made.service_key.unwrap().id };
    house.admin().service_keys().revoke_service_key(revoke).await.answer();
    let ended = next().await.unwrap_err();
    assert_eq!(rollcall_api::error::reason_from(&ended), ErrorReason::CredentialInvalid);
    let wrong = WatchActivityRequest { directory: "default".to_owned(), ..watch("x") };
    house.admin().activity().watch_activity(wrong).await.map(drop).unwrap_err();
}

async fn activity_is_counted_in_spans_of_equal_length(house: &House) {
    let begin = house.clock.now();
    record(house, vec![request("GET", "/", 200), request("GET", "/", 404)]).await;
    house.clock.pass(HOUR);
    record(house, vec![request("GET", "/", 399)]).await;
    let at = |micros: i64| Some(Timestamp { seconds: micros / 1_000_000, nanos: 0 });
    let asked = |spans| SummarizeActivityRequest {
        directory: "default".to_owned(),
        from: at(begin),
        until: at(begin + 3 * HOUR),
        spans,
    };
    let summarize = async |request| house.admin().activity().summarize_activity(request).await;
    let spans = summarize(asked(3)).await.answer().spans;
    let counts: Vec<_> = spans.iter().map(|span| (span.requests, span.failures)).collect();
    assert_eq!(counts, [(2, 1), (1, 0), (0, 0)]);
    assert_eq!(spans[2].from.unwrap().seconds - spans[0].from.unwrap().seconds, 7200);
    assert_eq!(summarize(asked(200)).await.answer().spans.len(), 200);
    for wrong in [
        asked(0),
        asked(201),
        SummarizeActivityRequest { from: None, ..asked(1) },
        SummarizeActivityRequest { until: None, ..asked(1) },
        SummarizeActivityRequest { until: at(begin), ..asked(1) },
        SummarizeActivityRequest { from: at(-1_000_000), ..asked(1) },
    ] {
        summarize(wrong).await.refused(ErrorReason::InvalidValue);
    }
}

on_both_databases![
    what_the_gateway_answers_is_recorded_without_secrets,
    requests_are_found_by_what_they_were,
    only_so_much_is_kept_as_the_directory_wants,
    it_is_known_how_a_connection_is,
    who_follows_the_log_gets_what_comes_and_matches_until_their_key_ends,
    activity_is_counted_in_spans_of_equal_length,
];
