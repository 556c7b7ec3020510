//! The probes, of a gateway and of another process in front of the core.

use axum::Router;
use axum::body::Body;
use http::Request;
use rollcall_api::channel::CoreChannel;
use rollcall_gateway::{Readiness, Settings, probes, router};
use tonic::service::Routes;
use tonic_health::ServingStatus;

use crate::fake_core::FakeCore;
use crate::http::{Gateway, Reply};

async fn ask(router: &Router, line: &str) -> Reply {
    let (method, path) = line.split_once(' ').unwrap();
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    Gateway::reply(router.clone(), request).await
}

/// The probes in front of the same core: those of a gateway, and those alone.
fn both(core: &CoreChannel, readiness: &Readiness) -> [Router; 2] {
    let settings = Settings { readiness: readiness.clone(), ..Settings::default() };
    [router(core.clone(), settings), probes(core.clone(), readiness.clone())]
}

#[tokio::test]
async fn the_probes_say_in_plain_text_how_it_is() {
    let readiness = Readiness::default();
    let core = FakeCore::default();
    let serving = both(&core.channel().await, &readiness);
    let not_serving = both(&core.channel_with_health(ServingStatus::NotServing).await, &readiness);
    let unknown = both(&CoreChannel::memory(Routes::default()), &readiness);
    for (routers, status, text) in [
        (&serving, 200, "ready\n"),
        (&not_serving, 503, "the identity core does not serve at present\n"),
        (&unknown, 503, "the identity core cannot be reached\n"),
    ] {
        for router in routers {
            let reply = ask(router, "GET /readyz").await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (status, text));
            assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
            let reply = ask(router, "GET /healthz").await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "ok\n"));
            assert_eq!(ask(router, "HEAD /readyz").await.status.as_u16(), status);
            assert_eq!(ask(router, "HEAD /healthz").await.status, 200);
        }
    }
    readiness.drain();
    for router in &serving {
        let reply = ask(router, "GET /readyz").await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (503, "this process is draining\n"));
    }
}

#[tokio::test]
async fn a_probe_is_read_and_nothing_else() {
    for router in both(&FakeCore::default().channel().await, &Readiness::default()) {
        for line in ["POST /healthz", "DELETE /readyz"] {
            let reply = ask(&router, line).await;
            assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, HEAD"), "{line}");
        }
    }
}

#[tokio::test]
async fn the_probes_alone_serve_nothing_of_scim() {
    let [_, probes] = both(&FakeCore::default().channel().await, &Readiness::default());
    assert_eq!(ask(&probes, "GET /scim/v2/ServiceProviderConfig").await.status, 404);
}
