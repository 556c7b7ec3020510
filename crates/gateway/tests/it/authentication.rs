//! Whoever has no good credential learns that, and nothing else.

use axum::body::Body;
use serde_json::Value;

use crate::fake_core::Asked;
use crate::http::Gateway;

/// Requests with something wrong beside the credential, and some with nothing wrong.
const LINES: [(&str, &str); 16] = [
    ("GET /scim/v2/Users", ""),
    ("GET /scim/v2/Users?count=ten", ""),
    ("GET /scim/v2/Users?filter=%zz", ""),
    ("GET /scim/v2/Users/u1", ""),
    ("POST /scim/v2/Users", "{\"broken"),
    ("PATCH /scim/v2/Users/u1", "{}"),
    ("DELETE /scim/v2/Users", ""),
    ("GET /scim/v2/Groups", ""),
    ("POST /scim/v2/Groups", "{}"),
    ("GET /scim/v2/Groups/g1", ""),
    ("GET /scim/v2/Schemas", ""),
    ("GET /scim/v2/ResourceTypes?filter=x", ""),
    ("POST /scim/v2/ServiceProviderConfig", "{}"),
    ("GET /scim/v2/Me", ""),
    ("POST /scim/v2/Bulk", "{}"),
    ("GET /scim/v2/Nothing", ""),
];

#[tokio::test]
async fn a_wrong_credential_is_401_whatever_else_is_wrong() {
    let gateway = Gateway::new().await;
    for (line, body) in LINES {
        let reply = gateway.ask(line, &[("authorization", "Bearer wrong")], body).await;
        let (scim_type, detail) = reply.error(401);
        assert_eq!(scim_type, "", "{line}");
        assert!(detail.contains("bearer token is not valid"), "{line}: {detail}");
        assert_eq!(
            reply.header("www-authenticate"),
            "Bearer realm=\"Rollcall\", error=\"invalid_token\"",
            "{line}"
        );
    }
}

#[tokio::test]
async fn no_credential_is_401_without_an_error_code() {
    let gateway = Gateway::new().await;
    for (line, body) in LINES {
        let (method, uri) = line.split_once(' ').unwrap();
        let request = http::Request::builder().method(method).uri(uri).body(Body::from(body)).unwrap();
        let reply = gateway.send(request).await;
        reply.error(401);
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"Rollcall\"", "{line}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_none() {
    let gateway = Gateway::new().await;
    let request =
        http::Request::builder().uri("/scim/v2/Users?access_token=good").body(Body::empty()).unwrap();
    let reply = gateway.send(request).await;
    assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"Rollcall\"");
    reply.error(401);
}

#[tokio::test]
async fn the_service_provider_config_needs_no_credential_but_takes_no_wrong_one() {
    let gateway = Gateway::new().await;
    let uri = "/scim/v2/ServiceProviderConfig";
    let reply = gateway.send(http::Request::builder().uri(uri).body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["patch"]["supported"]), (200, &Value::Bool(true)));
    let line = format!("GET {uri}");
    gateway.ask(&line, &[("authorization", "Bearer wrong")], "").await.error(401);
    assert_eq!(gateway.get(uri).await.status, 200);
}

#[tokio::test]
async fn scim_switched_off_and_a_missing_scope_are_403() {
    let gateway = Gateway::new().await;
    for (line, body) in LINES {
        let reply = gateway.ask(line, &[("authorization", "Bearer off")], body).await;
        assert!(reply.error(403).1.contains("SCIM is switched off"), "{line}");
    }
    let reply = gateway.ask("GET /scim/v2/Users", &[("authorization", "Bearer readonly")], "").await;
    reply.error(403);
    assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"Rollcall\", error=\"insufficient_scope\"");
}

#[tokio::test]
async fn the_credential_reaches_the_core_as_it_came() {
    let gateway = Gateway::new().await;
    for sent in ["Bearer good", "bEaReR  odd", "Basic dXNlcjpwYXNz", "é"] {
        gateway.ask("GET /scim/v2/Users", &[("authorization", sent)], "").await;
        let metadata = gateway.core.metadata().into_headers();
        assert_eq!(metadata["authorization"].as_bytes(), sent.as_bytes());
    }
}

#[tokio::test]
async fn the_core_is_told_how_long_it_has() {
    let gateway = Gateway::new().await;
    gateway.ask("GET /scim/v2/Users", &[("authorization", "Bearer good"), ("grpc-timeout", "1H")], "").await;
    // The 30 s that the gateway waits, and one more.
    assert_eq!(gateway.core.metadata().into_headers()["grpc-timeout"], "31000000u");
}

#[tokio::test]
async fn a_good_request_costs_one_call_of_the_core() {
    let gateway = Gateway::new().await;
    gateway.get("/scim/v2/Users/u1").await;
    assert!(matches!(gateway.core.asked()[..], [Asked::Get(_)]));
}
