//! Bodies that are broken, too large, or not what they say.

use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use http::Request;
use rollcall_gateway::Settings;
use tokio::sync::oneshot;

use crate::fake_core::Asked;
use crate::http::Gateway;

const PATCH: &str = "PATCH /scim/v2/Users/u1";

/// A body that does not say how long it is: `pieces` times 32 KiB of blanks.
fn endless(pieces: usize) -> Body {
    let piece = Bytes::from(vec![b' '; 32 * 1024]);
    Body::from_stream(stream::iter(vec![piece; pieces]).map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn a_body_that_is_no_object_is_400_invalid_syntax() {
    let gateway = Gateway::new().await;
    let deep = "[".repeat(100_000);
    for body in ["", "{\"a\": ", "[]", "\"x\"", "{\"a\": \"\\ud800\"}", deep.as_str()] {
        for line in ["POST /scim/v2/Users", "PUT /scim/v2/Users/u1", PATCH] {
            assert_eq!(gateway.ask(line, &[], body.to_owned()).await.error(400).0, "invalidSyntax", "{line}");
        }
    }
    let reply = gateway.ask("POST /scim/v2/Users", &[], &b"{\"userName\": \"\xFF\"}"[..]).await;
    assert!(reply.error(400).1.contains("line 1 column"), "{}", reply.text);
    // Whether a PUT is for something that is there is asked before anybody is told what is wrong with its body.
    assert!(gateway.core.asked().iter().all(|asked| matches!(asked, Asked::WhoAmI | Asked::Get(_))));
}

#[tokio::test]
async fn a_patch_operation_that_is_wrong_is_named_by_its_place() {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"add","path":"title","value":"x"},{"op":"move","path":"title"}]}"#;
    let reply = Gateway::new().await.ask(PATCH, &[], body).await;
    let (scim_type, detail) = reply.error(400);
    assert_eq!(scim_type, "invalidSyntax");
    assert!(detail.contains("Operations[1].op"), "{detail}");
}

#[tokio::test]
async fn the_deepest_body_that_is_read_also_reaches_the_core() {
    let gateway = Gateway::new().await;
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let patch = |levels| {
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"add","value":{}}}]}}"#,
            nested(levels)
        )
    };
    let create = |levels| {
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","urn:example:1.0:User":{}}}"#,
            nested(levels)
        )
    };
    let reply = gateway.ask("POST /scim/v2/Users", &[], create(31)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], create(32)).await.error(400).0, "invalidSyntax");
    assert_eq!(gateway.ask(PATCH, &[], patch(29)).await.status, 200);
    assert_eq!(gateway.ask(PATCH, &[], patch(30)).await.error(400).0, "invalidSyntax");
}

#[tokio::test]
async fn a_body_past_its_limit_is_413_and_names_the_limit() {
    let gateway = Gateway::new().await;
    let limit = Settings::default().max_user_body_bytes;
    let said = Body::from(vec![b' '; limit + 1]);
    assert!(gateway.ask("POST /scim/v2/Users", &[], said).await.error(413).1.contains("2097152 bytes"));
    assert!(
        gateway.ask("POST /scim/v2/Users", &[], endless(65)).await.error(413).1.contains("2097152 bytes")
    );
    let allowed = Body::from(vec![b' '; limit]);
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], allowed).await.error(400).0, "invalidSyntax");
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], endless(64)).await.error(400).0, "invalidSyntax");
}

#[tokio::test]
async fn a_large_body_is_read_only_for_a_good_credential() {
    let gateway = Gateway::new().await;
    let wrong = [("authorization", "Bearer wrong")];
    for body in [Body::from(vec![b' '; 100 * 1024]), endless(4), endless(1000)] {
        gateway.ask("POST /scim/v2/Users", &wrong, body).await.error(401);
    }
}

/// One of so many KiB of which the end never comes, and what tells that it is waited for.
fn unfinished(kib: usize) -> (Body, oneshot::Receiver<()>) {
    let (reached, waited_for) = oneshot::channel();
    let mut reached = Some(reached);
    let end = stream::poll_fn(move |_| {
        reached.take().map(|reached| reached.send(()));
        Poll::<Option<Result<Bytes, std::io::Error>>>::Pending
    });
    let begun = stream::iter([Ok(Bytes::from(vec![b' '; kib * 1024]))]);
    (Body::from_stream(begun.chain(end)), waited_for)
}

#[tokio::test(start_paused = true)]
async fn large_bodies_for_which_there_is_no_room_wait_and_are_503_in_the_end() {
    let settings = Settings { body_memory_bytes: 4 * 1024 * 1024, ..Settings::default() };
    let gateway = Gateway::with(settings).await;
    let (unfinished, waited_for) = unfinished(100);
    // It does not say how long it will be, and so has the room of the longest.
    let first = gateway.ask("POST /scim/v2/Users", &[], unfinished);
    let others = async {
        waited_for.await.unwrap();
        let large = Body::from(vec![b' '; 100 * 1024]);
        let reply = gateway.ask("POST /scim/v2/Users", &[], large).await;
        assert!(reply.error(503).1.contains("nothing was done"));
        assert_eq!(reply.header("retry-after"), "5");
        let small = Body::from(vec![b' '; 64 * 1024]);
        assert_eq!(gateway.ask("POST /scim/v2/Users", &[], small).await.error(400).0, "invalidSyntax");
    };
    let (first, ()) = tokio::join!(first, others);
    first.error(408);
    // The room is free again.
    let large = Body::from(vec![b' '; 2 * 1024 * 1024]);
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], large).await.error(400).0, "invalidSyntax");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_strangers_have_little_room_and_past_it_only_a_good_credential_is_read_for() {
    let settings = Settings { body_memory_bytes: 512 * 1024, ..Settings::default() };
    let gateway = Gateway::with(settings).await;
    let wrong = [("authorization", "Bearer wrong")];
    let stalled = [(); 2].map(|()| unfinished(60));
    let (bodies, waited_for): (Vec<_>, Vec<_>) = stalled.into_iter().unzip();
    let stalling = join_all(bodies.into_iter().map(|body| gateway.ask("POST /scim/v2/Users", &wrong, body)));
    let others = async {
        for waited_for in waited_for {
            waited_for.await.unwrap();
        }
        gateway.ask("POST /scim/v2/Users", &wrong, unfinished(1).0).await.error(401);
        let ana = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana"}"#;
        assert_eq!(gateway.ask("POST /scim/v2/Users", &[], ana).await.status, 201);
    };
    let (stalled, ()) = tokio::join!(stalling, others);
    for reply in stalled {
        reply.error(401);
    }
}

#[tokio::test]
async fn whoever_presents_nothing_with_a_body_is_told_so_without_a_call() {
    let gateway = Gateway::with(Settings { body_memory_bytes: 1024, ..Settings::default() }).await;
    for body in [Body::from("{"), Body::from(vec![b' '; 100 * 1024]), endless(4)] {
        let request = Request::builder().method("POST").uri("/scim/v2/Users").body(body).unwrap();
        let reply = gateway.send(request).await;
        assert!(reply.error(401).1.contains("no credential"));
    }
    assert!(gateway.core.asked().is_empty());
}

#[tokio::test]
async fn a_body_larger_than_all_the_room_is_read_alone() {
    let gateway = Gateway::with(Settings { body_memory_bytes: 1024, ..Settings::default() }).await;
    let body = || Body::from(vec![b' '; 1024 * 1024]);
    let asked = [(); 4].map(|()| gateway.ask("POST /scim/v2/Groups", &[], body()));
    for reply in join_all(asked).await {
        assert_eq!(reply.error(400).0, "invalidSyntax");
    }
}

#[tokio::test]
async fn a_body_of_more_values_than_anybody_has_is_413_however_short_they_are() {
    let gateway = Gateway::new().await;
    let values = |count: usize| format!("{{\"emails\":[{}1]}}", "1,".repeat(count - 1));
    let reply = gateway.ask("POST /scim/v2/Users", &[], values(100_000)).await;
    assert!(reply.error(413).1.contains("100000 values"));
    gateway.ask("POST /scim/v2/Users", &[], values(90_000)).await.error(400);
    let group = values(100_000).replace("emails", "urn:x");
    gateway.ask("PUT /scim/v2/Groups/g", &[], group).await.error(413);
    let creates = (0..5).map(|number| {
        let data = values(50_000).replacen('{', "{\"userName\":\"u\",", 1);
        format!("{{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"{number}\",\"data\":{data}}}")
    });
    let creates = creates.collect::<Vec<_>>().join(",");
    let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let bulk = format!("{{\"schemas\":[\"{schema}\"],\"Operations\":[{creates}]}}");
    let asked = gateway.core.asked().len();
    assert!(gateway.ask("POST /scim/v2/Bulk", &[], bulk).await.error(413).1.contains("200000 values"));
    let since = gateway.core.asked().split_off(asked);
    assert!(since.iter().all(|asked| matches!(asked, Asked::WhoAmI)), "{since:?}");
    let members = values(100_000).replace("emails", "displayName\":\"Ops\",\"members").replace('1', "\"u\"");
    assert_ne!(gateway.ask("PUT /scim/v2/Groups/g", &[], members).await.status, 413);
}

#[tokio::test]
async fn a_body_that_is_not_json_by_its_own_account_is_415() {
    let gateway = Gateway::new().await;
    let detail = gateway.ask(PATCH, &[("content-type", "application/xml")], "<x/>").await.error(415).1;
    assert!(detail.contains("application/scim+json"), "{detail}");
    gateway.ask(PATCH, &[("content-encoding", "gzip")], "x").await.error(415);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let pieces = [Ok(Bytes::from_static(b"{\"a\"")), Err(std::io::Error::other("reset"))];
    let body = Body::from_stream(stream::iter(pieces));
    let detail = Gateway::new().await.ask("POST /scim/v2/Users", &[], body).await.error(400).1;
    assert!(detail.contains("broke off"), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_408() {
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    Gateway::new().await.ask("POST /scim/v2/Users", &[], body).await.error(408);
}
