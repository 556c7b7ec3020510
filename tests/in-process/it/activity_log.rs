//! The activity log: what it leaves out, and how it is read page by page.

use prost_types::Timestamp;
use rollcall_api::v1::{
    Activity, ActivityFilter, ActivityReport, ActivitySettings, AnsweredRequest, ConnectionState,
    ErrorReason, GetActivityRequest, GetConnectionHealthRequest, ListActivityRequest, Profile,
    RecordActivityRequest, Scope, UpdateDirectoryRequest,
};
use rollcall_core::Clock as _;

use crate::house::{Answered as _, HOUR, House, MINUTE, SCIM_TOKEN, id};
use crate::on_both_databases;

fn request(method: &str, path: &str, status: i32) -> AnsweredRequest {
    let (method, path) = (method.to_owned(), path.to_owned());
    AnsweredRequest { request_id: format!("{method}-{status}"), method, path, status, ..Default::default() }
}

fn report(token: &str, requests: Vec<AnsweredRequest>) -> RecordActivityRequest {
    let authorization = format!("Bearer {token}").into_bytes();
    RecordActivityRequest { reports: vec![ActivityReport { authorization, requests }], ..Default::default() }
}

async fn record(house: &House, requests: Vec<AnsweredRequest>) {
    house.stranger().activity().record_activity(report(SCIM_TOKEN, requests)).await.answer();
}

fn page(filter: ActivityFilter, page_size: i32, page_token: &str) -> ListActivityRequest {
    ListActivityRequest {
        directory: "default".to_owned(),
        filter: Some(filter),
        page_size,
        page_token: page_token.to_owned(),
        ..Default::default()
    }
}

async fn listed(house: &House, filter: ActivityFilter) -> Vec<Activity> {
    house.admin().activity().list_activity(page(filter, 0, "")).await.answer().activities
}

async fn statuses(house: &House, filter: ActivityFilter) -> Vec<i32> {
    listed(house, filter).await.into_iter().map(|activity| activity.status).collect()
}

async fn nothing_secret_and_on_demand_nothing_personal_stays_of_a_request(house: &House) {
    let body = r#"{"userName":"ana@example.com","password":"s3cr3t-word","active":true,"emails":[{"value":"ana@example.com","type":"work"}]}"#;
    let sent = || AnsweredRequest {
        query: "filter=userName eq \"ana@example.com\"&count=2".to_owned(),
        detail: "s3cr3t-word is too short for \"ana@example.com\"".to_owned(),
        request_body: body.as_bytes().to_vec(),
        request_body_bytes: i64::try_from(body.len()).unwrap(),
        user_agent: format!("okta with {SCIM_TOKEN}"),
        target_id: "ana@example.com".to_owned(),
        notes: vec!["about s3cr3t-word".to_owned()],
        client_address: "10.0.0.1".to_owned(),
        scim_type: "invalidValue".to_owned(),
        latency_micros: 1234,
        ..request("POST", "/scim/v2/Users", 400)
    };
    record(house, vec![sent()]).await;
    let whole = async || {
        let id = listed(house, ActivityFilter::default()).await.remove(0).id;
        let request = GetActivityRequest { directory: "default".to_owned(), id, ..Default::default() };
        house.admin().activity().get_activity(request).await.answer().activity.unwrap()
    };
    let kept = whole().await;
    let kept_body = kept.request_body.clone().unwrap();
    assert_eq!((kept_body.bytes, kept_body.cut), (i64::try_from(body.len()).unwrap(), false));
    assert!(kept_body.json.contains("ana@example.com") && kept_body.json.contains("[redacted]"));
    assert!(!format!("{kept:?}").contains("s3cr3t-word") && !format!("{kept:?}").contains(SCIM_TOKEN));
    assert_eq!(kept.detail, "[redacted] is too short for \"ana@example.com\"");
    assert_eq!(
        (kept.user_agent.as_str(), kept.notes),
        ("okta with [redacted]", vec!["about [redacted]".to_owned()])
    );
    assert_eq!((kept.target_id.as_str(), kept.client_address.as_str()), ("ana@example.com", "10.0.0.1"));
    assert_eq!((kept.scim_type.as_str(), kept.latency_micros), ("invalidValue", 1234));
    assert!(kept.query.contains("ana@example.com") && kept.response_body.is_none());
    assert!(!kept.token_prefix.is_empty() && SCIM_TOKEN.starts_with(&kept.token_prefix));
    let activity = Some(ActivitySettings { redact_personal_data: Some(true), ..Default::default() });
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), activity, ..Default::default() }).await;
    record(house, vec![sent()]).await;
    let kept = whole().await;
    assert!(!format!("{kept:?}").contains("ana@example"), "{kept:?}");
    let json = kept.request_body.unwrap().json;
    assert!(json.contains("\"active\":true") && json.contains("\"type\":\"work\""), "{json}");
    assert!(kept.query.ends_with("count=2") && kept.query.contains("userName%20eq"), "{}", kept.query);
    assert_eq!((kept.target_id.as_str(), kept.path.as_str()), ("[redacted]", "/scim/v2/Users"));
    assert_eq!(
        listed(house, ActivityFilter { about: "ana@example.com".to_owned(), ..Default::default() })
            .await
            .len(),
        1
    );
}

async fn requests_are_found_by_whom_they_are_about_and_when_they_came(house: &House) {
    let ana = house.default().scim.user("ana@example.com").await;
    let by_id = AnsweredRequest { target_id: id(&ana).to_owned(), ..request("GET", "/scim/v2/Users/x", 200) };
    let query = "filter=userName+eq+%22Ana%40Example.com%22".to_owned();
    let by_filter = AnsweredRequest { query, ..request("GET", "/scim/v2/Users", 201) };
    let begin = house.clock.now();
    record(house, vec![by_id, by_filter]).await;
    house.clock.pass(HOUR);
    record(house, vec![request("GET", "/scim/v2/Groups", 202)]).await;
    let about = |name: &str| ActivityFilter { about: name.to_owned(), ..Default::default() };
    assert_eq!(statuses(house, about("ANA@")).await, [201, 200]);
    assert_eq!(statuses(house, about("ben")).await, [] as [i32; 0]);
    let by = |target_id: &str| ActivityFilter { target_id: target_id.to_owned(), ..Default::default() };
    assert_eq!(statuses(house, by(id(&ana))).await, [200]);
    let middle = Some(Timestamp { seconds: (begin + HOUR / 2) / 1_000_000, nanos: 0 });
    assert_eq!(statuses(house, ActivityFilter { from: middle, ..Default::default() }).await, [202]);
    assert_eq!(statuses(house, ActivityFilter { until: middle, ..Default::default() }).await, [201, 200]);
    let ids = ActivityFilter {
        request_ids: vec!["GET-200".to_owned(), "GET-202".to_owned()],
        ..Default::default()
    };
    assert_eq!(statuses(house, ids).await, [202, 200]);
    let prefix = listed(house, ActivityFilter::default()).await[0].token_prefix.clone();
    let token = |token_prefix: String| ActivityFilter { token_prefix, ..Default::default() };
    assert_eq!(statuses(house, token(prefix)).await.len(), 3);
    assert_eq!(statuses(house, token("other".to_owned())).await.len(), 0);
    let first = house.admin().activity().list_activity(page(ActivityFilter::default(), 2, "")).await.answer();
    let token = first.next_page_token.as_str();
    let second =
        house.admin().activity().list_activity(page(ActivityFilter::default(), 2, token)).await.answer();
    assert_eq!(
        (first.activities.len(), second.activities.len(), second.next_page_token.as_str()),
        (2, 1, "")
    );
    let other = house.admin().activity().list_activity(page(about("ana"), 2, token)).await;
    other.refused(ErrorReason::InvalidCursor);
    let wrong = [
        (ActivityFilter { min_status: 99, ..Default::default() }, "min_status"),
        (ActivityFilter { max_status: 600, ..Default::default() }, "max_status"),
        (about("a\0"), "about"),
        (ActivityFilter { method: "a\0".to_owned(), ..Default::default() }, "method"),
        (ActivityFilter { request_ids: vec!["x".to_owned(); 101], ..Default::default() }, "request_ids"),
        (
            ActivityFilter { from: Some(Timestamp { seconds: i64::MAX, nanos: 0 }), ..Default::default() },
            "from",
        ),
    ];
    for (filter, naming) in wrong {
        let refused = house.admin().activity().list_activity(page(filter, 0, "")).await;
        refused.refused(ErrorReason::InvalidValue).naming(&[naming]);
    }
    let negative = house.admin().activity().list_activity(page(ActivityFilter::default(), -1, "")).await;
    negative.refused(ErrorReason::InvalidValue);
    let most = ActivityFilter {
        request_ids: vec!["GET-200".to_owned(); 100],
        min_status: 100,
        max_status: 599,
        ..Default::default()
    };
    assert_eq!(statuses(house, most).await, [200]);
}

async fn a_call_that_is_sent_again_is_recorded_once(house: &House) {
    let call = |call_id: &str| {
        let requests = vec![request("GET", "/scim/v2/Users", 200); 2];
        RecordActivityRequest { call_id: call_id.to_owned(), ..report(SCIM_TOKEN, requests) }
    };
    let recorded = async || listed(house, ActivityFilter::default()).await.len();
    for _ in 0..3 {
        house.stranger().activity().record_activity(call("gateway-1")).await.answer();
        assert_eq!(recorded().await, 2);
    }
    house.stranger().activity().record_activity(call("gateway-2")).await.answer();
    assert_eq!(recorded().await, 4);
    let odd = call("no name");
    house.stranger().activity().record_activity(odd).await.refused(ErrorReason::InvalidValue);
    house.later(crate::house::DAY + HOUR).await;
    house.stranger().activity().record_activity(call("gateway-1")).await.answer();
    assert_eq!(recorded().await, 6, "nobody sends a call again after a day");
}

async fn requests_of_no_directory_are_kept_apart_and_only_so_many_a_minute(house: &House) {
    let okta = house.directory(Profile::Okta).await;
    let unknown = async |count: usize| {
        let requests = vec![request("GET", "/scim/v2/Users", 401); count];
        house.stranger().activity().record_activity(report("rc_scim_unknown", requests)).await.answer();
    };
    unknown(700).await;
    let none = ListActivityRequest { without_directory: true, page_size: 1000, ..Default::default() };
    let kept = async || house.admin().activity().list_activity(none.clone()).await.answer().activities.len();
    assert_eq!(kept().await, 600);
    house.clock.pass(MINUTE);
    unknown(1).await;
    assert_eq!(kept().await, 601);
    house
        .stranger()
        .activity()
        .record_activity(report(&okta.token, vec![request("GET", "/", 200)]))
        .await
        .answer();
    assert_eq!((kept().await, listed(house, ActivityFilter::default()).await.len()), (601, 0));
    let both = ListActivityRequest { directory: "default".to_owned(), ..none.clone() };
    house.admin().activity().list_activity(both).await.refused(ErrorReason::InvalidValue);
    let bound = house.service("default", &[Scope::Admin]).await;
    bound.activity().list_activity(none.clone()).await.refused(ErrorReason::Forbidden);
    let many = report(SCIM_TOKEN, vec![request("GET", "/", 200); 4001]);
    house.stranger().activity().record_activity(many).await.refused(ErrorReason::TooMany);
    let odd = report(SCIM_TOKEN, vec![request("GET", "/", 600)]);
    house.stranger().activity().record_activity(odd).await.refused(ErrorReason::InvalidValue);
    record(house, vec![request("GET", "/", 200); 4000]).await;
    assert_eq!(listed(house, ActivityFilter::default()).await.len(), 100, "a page holds so many by default");
    let settings = ActivitySettings { entries: Some(1500), ..Default::default() };
    let activity = Some(settings);
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), activity, ..Default::default() }).await;
    house.later(HOUR).await;
    let most = page(ActivityFilter::default(), 5000, "");
    let first = house.admin().activity().list_activity(most).await.answer();
    let next = page(ActivityFilter::default(), 5000, &first.next_page_token);
    let second = house.admin().activity().list_activity(next).await.answer();
    assert_eq!((first.activities.len(), second.activities.len()), (1000, 500));
    assert_eq!(kept().await, 601);
    house.later(31 * crate::house::DAY).await;
    assert_eq!(kept().await, 0);
}

async fn an_identity_provider_with_a_rhythm_is_quiet_when_it_loses_it(house: &House) {
    let entra = house.directory(Profile::Entra).await;
    let health = async || {
        let request = GetConnectionHealthRequest { directory: "entra".to_owned() };
        house.admin().activity().get_connection_health(request).await.answer().health.unwrap()
    };
    house
        .stranger()
        .activity()
        .record_activity(report(&entra.token, vec![request("GET", "/", 200)]))
        .await
        .answer();
    house.clock.pass(2 * HOUR - MINUTE);
    let healthy = health().await;
    assert_eq!((healthy.state(), healthy.quiet_after.unwrap().seconds), (ConnectionState::Healthy, 7200));
    assert_eq!((healthy.last_seen, healthy.last_error), (healthy.last_success, None));
    house.clock.pass(2 * MINUTE);
    assert_eq!(health().await.state(), ConnectionState::Quiet);
}

on_both_databases![
    nothing_secret_and_on_demand_nothing_personal_stays_of_a_request,
    a_call_that_is_sent_again_is_recorded_once,
    requests_are_found_by_whom_they_are_about_and_when_they_came,
    requests_of_no_directory_are_kept_apart_and_only_so_many_a_minute,
    an_identity_provider_with_a_rhythm_is_quiet_when_it_loses_it,
];
