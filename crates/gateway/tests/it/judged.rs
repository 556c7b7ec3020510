//! What the core is asked before a mistake is told that the gateway has found.

use axum::body::Body;
use serde_json::json;

use crate::fake_core::{Asked, GroupAsked};
use crate::http::Gateway;

/// What the core was asked for a request, by name.
async fn asked(line: &str, headers: &[(&str, &str)], body: &str, status: u16) -> Vec<&'static str> {
    let gateway = Gateway::new().await;
    gateway.ask(line, headers, body.to_owned()).await.error(status);
    let names = gateway.core.asked().into_iter().map(|asked| match asked {
        Asked::Get(_) => "user",
        Asked::Groups(GroupAsked::Get(_)) => "group",
        Asked::WhoAmI => "credential",
        other => panic!("{other:?}"),
    });
    names.collect()
}

#[tokio::test]
async fn whether_there_is_what_a_broken_body_is_for_is_asked_first() {
    for method in ["PUT", "PATCH"] {
        for (path, kind) in [("/scim/v2/Users/u1", "user"), ("/scim/v2/Groups/2", "group")] {
            assert_eq!(asked(&format!("{method} {path}"), &[], "broken", 400).await, [kind]);
        }
        for (path, kind) in [("/scim/v2/Users/none", "user"), ("/scim/v2/Groups/none", "group")] {
            assert_eq!(asked(&format!("{method} {path}"), &[], "broken", 404).await, [kind]);
        }
    }
}

#[tokio::test]
async fn of_every_other_mistake_only_the_credential_is_asked() {
    let xml = [("content-type", "application/xml")];
    for (line, headers, status) in [
        ("POST /scim/v2/Users", &[][..], 400),
        ("POST /scim/v2/Groups", &[], 400),
        ("PUT /scim/v2/Users/u1", &xml, 415),
        ("PATCH /scim/v2/Groups/2", &xml, 415),
        ("DELETE /scim/v2/Users/u1", &[("if-match", "")], 400),
        ("DELETE /scim/v2/Groups/2", &[("if-match", "")], 400),
        ("GET /scim/v2/Users/u1?filter=%zz", &[], 400),
        ("POST /scim/v2/Users/u1", &[], 405),
        ("GET /scim/v2/Nothing", &[], 404),
    ] {
        assert_eq!(asked(line, headers, "broken", status).await, ["credential"], "{line}");
    }
}

#[tokio::test]
async fn whoever_may_write_and_not_read_is_told_the_mistake() {
    let writeonly = [("authorization", "Bearer writeonly")];
    for (line, kind) in [("PUT /scim/v2/Users/u1", "user"), ("PATCH /scim/v2/Groups/2", "group")] {
        assert_eq!(asked(line, &writeonly, "broken", 400).await, [kind, "credential"], "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_core_itself_has_said_is_told_without_another_question() {
    for (id, status) in
        [("none", 404), ("fails", 500), ("unreachable", 503), ("old", 501), ("large", 400), ("sleeps", 503)]
    {
        assert_eq!(asked(&format!("GET /scim/v2/Users/{id}"), &[], "", status).await, ["user"], "{id}");
    }
    assert_eq!(asked("GET /scim/v2/Users/empty", &[], "", 501).await, ["user"]);
}

#[tokio::test]
async fn a_core_that_is_older_than_the_gateway_and_an_answer_that_is_too_large_are_named() {
    let gateway = Gateway::new().await;
    let (_, detail) = gateway.get("/scim/v2/Users/old").await.error(501);
    assert!(detail.contains("older than the gateway"), "{detail}");
    let (scim_type, detail) = gateway.get("/scim/v2/Users/large").await.error(400);
    assert_eq!(scim_type, "tooMany");
    assert!(detail.contains("ask for fewer") && !detail.contains("4194304"), "{detail}");
}

#[tokio::test]
async fn a_token_without_the_word_bearer_is_told_apart_from_a_wrong_one() {
    let gateway = Gateway::new().await;
    for (sent, is_bare) in [
        ("good", true),
        (" good ", true),
        ("Bearer wrong", false),
        ("Bearer", false),
        ("BASIC", false),
        ("two words", false),
        ("", false),
        ("é", false),
    ] {
        let reply = gateway.ask("GET /scim/v2/Users", &[("authorization", sent)], Body::empty()).await;
        let (_, detail) = reply.error(401);
        assert_eq!(detail.contains("without the word Bearer"), is_bare, "{sent:?}: {detail}");
    }
    // Who is let in is told nothing of the kind, whatever else is wrong.
    let (_, detail) = gateway.get("/scim/v2/Users/none").await.error(404);
    assert!(!detail.contains("Bearer"), "{detail}");
    let off = [("authorization", "Bearer off")];
    let (_, detail) = gateway.ask("POST /scim/v2/Users", &off, json!({}).to_string()).await.error(403);
    assert!(!detail.contains("Bearer"), "{detail}");
}
