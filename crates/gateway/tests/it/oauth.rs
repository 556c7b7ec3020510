//! `/oauth2/token`, as RFC 6749 has it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::Request;
use rollcall_gateway::{Settings, router};
use serde_json::json;
use tonic::metadata::MetadataMap;

use crate::http::{Gateway, Reply};
use crate::oauth_core::OAuthCore;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=client_credentials&client_id=id&client_secret=s3cr3t";

/// `id:s3cr3t`
const BASIC: (&str, &str) = ("authorization", "Basic aWQ6czNjcjN0");

/// A gateway in front of a core that issues tokens, and all that the core was asked.
fn gateway() -> (Router, Arc<Mutex<Vec<MetadataMap>>>) {
    let core = OAuthCore::default();
    let asked = Arc::clone(&core.asked);
    (router(core.channel(), Settings::default()), asked)
}

async fn post(headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let mut request = Request::builder().method("POST").uri("/oauth2/token").header("host", "id.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Gateway::reply(gateway().0, request.body(body.into()).unwrap()).await
}

/// Checks that this is an error of OAuth, and gives its description.
fn refused(reply: &Reply, status: u16, error: &str) -> String {
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (status, &json!(error)), "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    reply.json()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_knows_the_secret_of_a_client_gets_a_token_that_nobody_may_store() {
    let basic = "grant_type=client_credentials&scope=scim";
    for (headers, body) in [
        (&[FORM][..], format!("{GRANT}&scope=scim")),
        (&[FORM, BASIC], basic.to_owned()),
        (&[FORM, ("authorization", "bAsIc  aWQ6czNjcjN0")], basic.to_owned()),
        (&[FORM, BASIC], format!("{basic}&client_id=id&client_secret=")),
        (&[("content-type", "Application/X-www-form-urlencoded ; charset=utf-8"), BASIC], basic.to_owned()),
    ] {
        let reply = post(headers, body.clone()).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.text);
        assert_eq!(
            reply.json(),
            json!({"access_token": "id/s3cr3t", "token_type": "Bearer", "expires_in": 3600, "scope": "scim"})
        );
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    }
}

#[tokio::test]
async fn the_secret_of_a_client_is_no_bearer_token_for_the_core() {
    let (router, asked) = gateway();
    let request = Request::post("/oauth2/token").header(FORM.0, FORM.1).header(BASIC.0, BASIC.1);
    let request = request.header("x-request-id", "abc-1").body("grant_type=client_credentials".into());
    assert_eq!(Gateway::reply(router, request.unwrap()).await.status, 200);
    let asked = asked.lock().unwrap().remove(0);
    assert!(!asked.contains_key("authorization"));
    assert_eq!(asked.get("x-request-id").unwrap(), "abc-1");
}

#[tokio::test]
async fn whoever_does_not_say_which_client_it_is_learns_how_to() {
    for (headers, body) in [
        (&[FORM][..], "grant_type=client_credentials"),
        (&[FORM], "grant_type=client_credentials&client_id=id"),
        (&[FORM], "grant_type=client_credentials&client_secret=s3cr3t"),
        (&[FORM, ("authorization", "Bearer x")], "grant_type=client_credentials"),
        (&[FORM, ("authorization", "é")], "grant_type=client_credentials"),
        (&[FORM], "grant_type=client_credentials&client_id=id&client_secret=wrong"),
    ] {
        let reply = post(headers, body).await;
        refused(&reply, 401, "invalid_client");
        assert_eq!(reply.header("www-authenticate"), "Basic realm=\"Rollcall\", charset=\"UTF-8\"");
    }
}

#[tokio::test]
async fn a_request_that_says_two_things_is_refused() {
    for (headers, body, part) in [
        (&[FORM, BASIC][..], GRANT, "in two ways"),
        (&[FORM, BASIC], "grant_type=client_credentials&client_id=other", "client_id: it is another one"),
        (&[FORM, BASIC, BASIC], "grant_type=client_credentials", "Authorization: it is sent twice"),
        (&[FORM, BASIC], "grant_type=client_credentials&grant_type=x", "grant_type: it is sent twice"),
        (&[FORM, BASIC], "grant_type=client_credentials&scope=a&scope=b", "scope: it is sent twice"),
    ] {
        let description = refused(&post(headers, body).await, 400, "invalid_request");
        assert!(description.contains(part), "{body}: {description}");
    }
}

#[tokio::test]
async fn what_is_no_request_for_a_token_says_what_would_be_one() {
    for (headers, body, status, error, part) in [
        (&[FORM, BASIC][..], "", 400, "invalid_request", "grant_type: it is missing"),
        (&[FORM, BASIC], "grant_type=password", 400, "unsupported_grant_type", "client_credentials"),
        (&[FORM, BASIC], "grant_type=%ff", 400, "invalid_request", "UTF-8"),
        (&[BASIC], "grant_type=client_credentials", 400, "invalid_request", "Content-Type"),
        (&[("content-type", "application/json")], "{}", 400, "invalid_request", "Content-Type"),
    ] {
        let description = refused(&post(headers, body).await, status, error);
        assert!(description.contains(part), "{body}: {description}");
    }
    let request = Request::get("/oauth2/token").header("host", "id.example.com").body(Body::empty()).unwrap();
    let reply = Gateway::reply(gateway().0, request).await;
    refused(&reply, 405, "invalid_request");
    assert_eq!(reply.header("allow"), "POST");
}

#[tokio::test]
async fn a_form_has_an_end() {
    let form = |length: usize| format!("{GRANT}&x={}", "x".repeat(length - GRANT.len() - 3));
    assert_eq!(post(&[FORM], form(16 * 1024)).await.status, 200);
    let description = refused(&post(&[FORM], form(16 * 1024 + 1)).await, 413, "invalid_request");
    assert!(description.contains("16384 bytes"), "{description}");
}

#[tokio::test]
async fn what_the_core_answers_instead_of_a_token_is_told_in_the_words_of_oauth() {
    for (id, status, error, part, wait) in [
        ("scope", 400, "invalid_scope", "no such scope", ""),
        ("fast", 429, "temporarily_unavailable", "too fast", "8"),
        ("faster", 429, "temporarily_unavailable", "too fast", "1"),
        ("fails", 500, "server_error", "abc-1", ""),
        ("away", 503, "temporarily_unavailable", "try again later", "5"),
    ] {
        let body = GRANT.replace("client_id=id", &format!("client_id={id}"));
        let reply = post(&[FORM, ("x-request-id", "abc-1")], body).await;
        let description = refused(&reply, status, error);
        assert!(description.contains(part) && !description.contains("10.0.0.7"), "{id}: {description}");
        assert_eq!(reply.header("retry-after"), wait, "{id}");
        assert_eq!(reply.header("www-authenticate"), "", "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_core_that_issues_no_token_in_time_and_a_form_that_does_not_come_are_told_apart() {
    let body = GRANT.replace("client_id=id", "client_id=sleeps");
    refused(&post(&[FORM], body).await, 503, "temporarily_unavailable");
    let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    refused(&post(&[FORM], Body::from_stream(never)).await, 408, "invalid_request");
}
