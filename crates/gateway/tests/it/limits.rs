//! How much of a body is read, for whom and for how long, and how long the core may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use serde_json::json;

use crate::fake_core::{Asked, TOKEN};
use crate::http::{Gateway, Reply};

const MIB: usize = 1024 * 1024;

/// A body without an end, in pieces of 1 MiB, and how many of them have been taken.
fn endless() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&taken);
    let pieces = stream::repeat(Bytes::from(vec![b' '; MIB])).inspect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (Body::from_stream(pieces.map(Ok::<_, std::io::Error>)), taken)
}

async fn group(gateway: &Gateway, name: &str, members: usize) -> Reply {
    let members: Vec<_> = (0..members).map(|number| format!("member-{number:08}")).collect();
    let body = json!({"displayName": name, "members": members}).to_string();
    gateway.ask("POST /scim/v2/Groups", &[], body).await
}

#[tokio::test]
async fn of_a_body_that_nobody_wants_64_mib_are_read_so_that_the_client_sees_the_answer() {
    let (body, taken) = endless();
    Gateway::new().await.ask("DELETE /scim/v2/Users", &[], body).await.error(405);
    assert_eq!(taken.load(Ordering::Relaxed), 64);
}

#[tokio::test]
async fn a_body_that_the_client_holds_back_is_not_asked_for_in_vain() {
    let (body, taken) = endless();
    let headers = [("expect", "100-continue")];
    Gateway::new().await.ask("DELETE /scim/v2/Users", &headers, body).await.error(405);
    assert_eq!(taken.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_wants_and_that_does_not_come_is_not_waited_for() {
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    Gateway::new().await.ask("DELETE /scim/v2/Users", &[], body).await.error(405);
}

#[tokio::test]
async fn the_credential_of_a_body_of_more_than_64_kib_is_judged_before_it_is_read() {
    for (length, is_judged) in [(64 * 1024, false), (64 * 1024 + 1, true)] {
        let gateway = Gateway::new().await;
        let text = "{\"userName\":\"ana\"}";
        let body = format!("{text}{}", " ".repeat(length - text.len()));
        assert_eq!(gateway.ask("POST /scim/v2/Users", &[], body.clone()).await.status, 201);
        let asked = gateway.core.asked();
        assert_eq!(matches!(asked[0], Asked::WhoAmI), is_judged, "{asked:?}");
        assert!(matches!(asked.last(), Some(Asked::Create(_))), "{asked:?}");
        assert_eq!(asked.len(), 1 + usize::from(is_judged));

        let gateway = Gateway::new().await;
        let pieces = stream::iter(vec![Bytes::from(body)]).map(Ok::<_, std::io::Error>);
        let reply = gateway.ask("POST /scim/v2/Users", &[], Body::from_stream(pieces)).await;
        assert_eq!(reply.status, 201, "a body that does not say how long it is");
        assert_eq!(gateway.core.asked().len(), 1 + usize::from(is_judged));
    }
}

#[tokio::test]
async fn a_body_may_come_in_pieces_and_begin_with_a_byte_order_mark() {
    let body = json!({"displayName": "Ops", "members": ["u1"]}).to_string();
    for pieces in [
        vec!["\u{feff}", body.as_str()],
        vec!["", "\u{feff} ", &body[..7], &body[7..], "\n"],
        vec![&body[..1], &body[1..20], &body[20..]],
    ] {
        let pieces: Vec<_> = pieces.into_iter().map(|piece| Ok(Bytes::from(piece.to_owned()))).collect();
        let body = Body::from_stream(stream::iter(pieces).map(|piece: Result<_, std::io::Error>| piece));
        let reply = Gateway::new().await.ask("POST /scim/v2/Groups", &[], body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn the_core_has_more_time_for_a_larger_body() {
    let gateway = Gateway::new().await;
    group(&gateway, "takes 45 seconds", 1).await.error(503);
    // More than 256 KiB: twice the time.
    assert_eq!(group(&gateway, "takes 45 seconds", 16_000).await.status, 201);
    group(&gateway, "takes 75 seconds", 16_000).await.error(503);
    assert_eq!(group(&gateway, "takes 1 second", 1).await.status, 201);
}

#[tokio::test]
async fn the_core_is_told_which_schema_a_body_did_not_name() {
    let gateway = Gateway::new().await;
    let urn = |kind: &str| format!("urn:ietf:params:scim:{kind}");
    for (line, body, schema) in [
        ("POST /scim/v2/Users", json!({"userName": "ana"}), "schemas:core:2.0:User"),
        ("PUT /scim/v2/Users/u1", json!({"userName": "ana"}), "schemas:core:2.0:User"),
        ("POST /scim/v2/Groups", json!({"displayName": "Ops"}), "schemas:core:2.0:Group"),
        ("PATCH /scim/v2/Users/u1", json!({"Operations": []}), "api:messages:2.0:PatchOp"),
        ("PATCH /scim/v2/Groups/2", json!({"Operations": []}), "api:messages:2.0:PatchOp"),
        ("POST /scim/v2/Users/.search", json!({}), "api:messages:2.0:SearchRequest"),
        ("POST /scim/v2/Bulk", json!({"Operations": []}), "api:messages:2.0:BulkRequest"),
    ] {
        let told = async |body: String| {
            let reply = gateway.ask(line, &[], body).await;
            assert!(reply.status.is_success(), "{line}: {}", reply.text);
            let asked = gateway.core.first_metadata();
            asked.get(rollcall_api::IMPLIED_SCHEMA).map(|urn| urn.to_str().unwrap().to_owned())
        };
        assert_eq!(told(body.to_string()).await, Some(urn(schema)), "{line}");
        let mut whole = body;
        whole["schemas"] = json!([urn(schema)]);
        assert_eq!(told(whole.to_string()).await, None, "{line}");
    }
}

#[tokio::test]
async fn a_credential_that_is_sent_is_not_shown_in_what_is_logged_of_a_call() {
    let gateway = Gateway::new().await;
    let request = Request::get("/scim/v2/Users").header("authorization", format!("Bearer {TOKEN}"));
    gateway.send(request.body(Body::empty()).unwrap()).await;
    let metadata = gateway.core.metadata().into_headers();
    assert!(metadata["authorization"].is_sensitive());
}
