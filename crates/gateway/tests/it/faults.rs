//! What goes wrong behind the gateway.

use axum::body::Body;

use crate::http::Gateway;

#[tokio::test]
async fn a_fault_of_the_core_is_500_with_the_request_id_and_not_the_cause() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("GET /scim/v2/Users/fails", &[("x-request-id", "find-me")], Body::empty()).await;
    let (_, detail) = reply.error(500);
    assert!(detail.contains("find-me") && !detail.contains("select"), "{detail}");
    // A core of the version before answers with a message.
    gateway.get("/scim/v2/Users/empty").await.error(501);
}

#[tokio::test]
async fn a_panic_is_500_and_the_next_request_is_served() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("GET /scim/v2/Users/panics", &[("x-request-id", "find-me")], Body::empty()).await;
    assert!(reply.error(500).1.contains("find-me"));
    assert_eq!(gateway.get("/scim/v2/Users/u1").await.status, 200);
}

#[tokio::test]
async fn a_core_out_of_reach_is_503_with_a_time_to_try_again() {
    let reply = Gateway::new().await.get("/scim/v2/Users/unreachable").await;
    let (_, detail) = reply.error(503);
    assert!(!detail.contains("10.0.0.7"), "{detail}");
    assert_eq!(reply.header("retry-after"), "5");
}

#[tokio::test(start_paused = true)]
async fn a_core_that_does_not_answer_is_503() {
    let reply = Gateway::new().await.get("/scim/v2/Users/sleeps").await;
    assert!(reply.error(503).1.contains("did not answer in time"));
}
