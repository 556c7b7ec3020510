//! What the core is told of requests that were answered, for the activity log.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::Request;
use rollcall_api::channel::CoreChannel;
use rollcall_api::v1::activity_service_server::ActivityServiceServer;
use rollcall_api::v1::{ActivityReport, AnsweredRequest};
use rollcall_gateway::{ActivityLog, PeerAddress, Settings};
use serde_json::json;
use tonic::service::Routes;

use crate::activity_core::ActivityCore;
use crate::http::Gateway;

const NEW_USER: &str =
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana@example.com"}"#;

/// What is reported of these requests, by their credential.
async fn reports(settings: Settings, requests: impl AsyncFnOnce(&Gateway)) -> Vec<ActivityReport> {
    let (activity, reporter) = ActivityLog::new("test");
    let gateway = Gateway::with(Settings { activity, ..settings }).await;
    requests(&gateway).await;
    drop(gateway);
    let taken = Arc::<Mutex<Vec<ActivityReport>>>::default();
    let core = ActivityCore::new({
        let taken = Arc::clone(&taken);
        move |_, call| {
            taken.lock().unwrap().extend(call.reports);
            Ok(())
        }
    });
    let channel = CoreChannel::memory(Routes::new(ActivityServiceServer::new(core)));
    reporter.run(channel, std::future::pending()).await;
    std::mem::take(&mut taken.lock().unwrap())
}

/// What is reported of these requests, which all have the good credential, in order.
async fn reported(requests: impl AsyncFnOnce(&Gateway)) -> Vec<AnsweredRequest> {
    let mut reports = reports(Settings::default(), requests).await;
    assert_eq!(reports.len(), 1);
    let report = reports.remove(0);
    assert_eq!(report.authorization, b"Bearer good");
    report.requests
}

#[tokio::test(start_paused = true)]
async fn a_request_is_reported_with_what_it_was_and_what_came_of_it() {
    let found = reported(async |gateway| {
        let headers = [("user-agent", "Entra/1"), ("x-request-id", "abc-1")];
        gateway.ask("GET /scim/v2/Users?count=1&x=y", &headers, Body::empty()).await;
    })
    .await;
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (found.method.as_str(), found.path.as_str(), found.query.as_str(), found.status),
        ("GET", "/scim/v2/Users", "count=1&x=y", 200)
    );
    assert_eq!((found.user_agent.as_str(), found.request_id.as_str()), ("Entra/1", "abc-1"));
    assert_eq!((found.scim_type.as_str(), found.detail.as_str()), ("", ""));
    assert_eq!(found.client_address, "");
}

#[tokio::test(start_paused = true)]
async fn the_address_that_is_reported_is_the_one_behind_trusted_proxies() {
    let settings = Settings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Settings::default() };
    let reports = reports(settings, async |gateway| {
        let mut request = Request::builder()
            .uri("/scim/v2/Users")
            .header("x-forwarded-for", "198.51.100.7")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(PeerAddress(Ipv4Addr::new(10, 0, 0, 1).into()));
        gateway.send(request).await;
        let told = gateway.core.metadata();
        assert_eq!(told.get(rollcall_api::CLIENT_ADDRESS).unwrap(), "198.51.100.7");
    })
    .await;
    assert!(reports[0].authorization.is_empty());
    assert_eq!(reports[0].requests[0].client_address, "198.51.100.7");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_reported_with_both_bodies_and_a_read_with_none() {
    let mut answers = Vec::new();
    let found = reported(async |gateway| {
        for (line, body) in [
            ("POST /scim/v2/Users", NEW_USER),
            ("PUT /scim/v2/Users/u1", NEW_USER),
            ("DELETE /scim/v2/Users/u1", ""),
            ("GET /scim/v2/Users/u1", ""),
            ("POST /scim/v2/Users/.search", "{}"),
            ("POST /scim/v2/.search", "{}"),
        ] {
            answers.push((gateway.ask(line, &[], body).await.text, body));
        }
    })
    .await;
    for (found, (answer, body)) in found.iter().zip(&answers) {
        assert_eq!(String::from_utf8_lossy(&found.request_body), *body);
        assert_eq!(found.request_body_bytes, i64::try_from(body.len()).unwrap());
        let is_shown = *body == NEW_USER;
        assert_eq!(String::from_utf8_lossy(&found.response_body), if is_shown { answer } else { "" });
        assert_eq!(
            found.response_body_bytes,
            if is_shown { i64::try_from(answer.len()).unwrap() } else { 0 }
        );
    }
    assert_eq!(found.len(), answers.len());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_reported_with_the_resource_that_it_was_about() {
    let group = json!({"displayName": "Ops"}).to_string();
    let lines = [
        ("GET /scim/v2/Users/u1", "", ("User", "u1")),
        ("GET /scim/v2/Groups/2", "", ("Group", "2")),
        ("DELETE /scim/v2/Groups/2", "", ("Group", "2")),
        ("POST /scim/v2/Users", NEW_USER, ("User", "u1")),
        ("POST /scim/v2/Groups", group.as_str(), ("Group", "2")),
        ("GET /scim/v2/Users", "", ("", "")),
        ("GET /scim/v2/Groups", "", ("", "")),
        ("POST /scim/v2/Users", "broken", ("User", "")),
        ("GET /scim/v2/Schemas", "", ("", "")),
    ];
    let found = reported(async |gateway| {
        for (line, body, _) in lines {
            gateway.ask(line, &[], body.to_owned()).await;
        }
    })
    .await;
    let targets: Vec<_> =
        found.iter().map(|found| (found.target_type.as_str(), found.target_id.as_str())).collect();
    assert_eq!(targets, lines.map(|(_, _, target)| target));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_reported_with_what_the_client_was_told() {
    let mut answers = Vec::new();
    let found = reported(async |gateway| {
        for line in ["GET /scim/v2/Users/none", "GET /scim/v2/Users/fails", "POST /scim/v2/Users"] {
            answers.push(gateway.ask(line, &[], "").await);
        }
    })
    .await;
    assert_eq!(found.iter().map(|found| found.status).collect::<Vec<_>>(), [404, 500, 400]);
    for (found, answer) in found.iter().zip(&answers) {
        assert_eq!(found.response_body, answer.text.as_bytes());
        assert_eq!(found.detail, answer.json()["detail"].as_str().unwrap());
        assert_eq!(found.scim_type, answer.json()["scimType"].as_str().unwrap_or_default());
    }
    assert_eq!(found[2].scim_type, "invalidSyntax");
}

#[tokio::test(start_paused = true)]
async fn what_is_long_is_reported_by_its_beginning_and_its_length() {
    let body = "é".repeat(20_000);
    let id = format!("a{}", "%C3%A9".repeat(2000));
    let found = reported(async |gateway| {
        gateway.ask("PATCH /scim/v2/Users/u1", &[], body.clone()).await;
        gateway.ask("PATCH /scim/v2/Users/u1", &[("content-length", "5000000")], body.clone()).await;
        gateway.ask(&format!("GET /scim/v2/Users/{id}?x={id}"), &[], "").await;
    })
    .await;
    assert_eq!(found[0].request_body, &body.as_bytes()[..16 * 1024]);
    assert_eq!((found[0].request_body_bytes, found[1].request_body_bytes), (40_000, 5_000_000));
    assert_eq!((found[2].path.len(), found[2].query.len()), (2048, 2048));
    assert_eq!(found[2].target_id, format!("a{}", "é".repeat(1023)));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_meant_for_scim_is_not_reported() {
    let reports = reports(Settings::default(), async |gateway| {
        for path in ["/healthz", "/readyz", "/openapi.json", "/scim/v2/openapi.json", "/oauth2/token"] {
            gateway.get(path).await;
        }
        for path in ["/favicon.ico", "/scim/v1/Users", "/scim/v2/Nothing"] {
            gateway.send(Request::builder().uri(path).body(Body::empty()).unwrap()).await;
        }
        gateway.get("/Users").await;
    })
    .await;
    let mut paths: Vec<_> =
        reports.into_iter().flat_map(|report| report.requests).map(|request| request.path).collect();
    paths.sort();
    assert_eq!(paths, ["/Users", "/scim/v1/Users", "/scim/v2/Nothing"]);
}
