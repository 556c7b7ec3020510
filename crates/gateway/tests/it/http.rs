//! Requests to the gateway, and what HTTP itself asks of it.

use axum::Router;
use axum::body::Body;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use rollcall_gateway::{Readiness, Settings, router};
use serde_json::Value;
use tonic_health::ServingStatus;
use tower::ServiceExt as _;

use crate::fake_core::{Asked, FakeCore, ID, TOKEN};

/// A gateway in front of a core.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) core: FakeCore,
    pub(crate) router: Router,
}

/// What the gateway answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Gateway {
    /// With the settings that an operator gets who sets none.
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// With these settings.
    pub(crate) async fn with(settings: Settings) -> Self {
        let core = FakeCore::default();
        let router = router(core.channel().await, settings);
        Self { core, router }
    }

    /// The answer to a request, which has a host.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Reply {
        let host = HeaderValue::from_static("id.example.com");
        request.headers_mut().entry(HOST).or_insert(host);
        self.send_bare(request).await
    }

    /// The answer to a request as it is.
    pub(crate) async fn send_bare(&self, request: Request<Body>) -> Reply {
        Self::reply(self.router.clone(), request).await
    }

    /// The answer of a router to a request.
    pub(crate) async fn reply(router: Router, request: Request<Body>) -> Reply {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The answer to a request with the good token: `METHOD path`, more headers, and a body.
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri).header("host", "id.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {TOKEN}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// The answer to a GET with the good token.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(&format!("GET {path}"), &[], Body::empty()).await
    }

    /// The last thing that the core was asked.
    pub(crate) fn asked(&self) -> Asked {
        self.core.asked().pop().unwrap()
    }
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a SCIM error, and gives its `scimType` and `detail`.
    pub(crate) fn error(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/scim+json");
        let body = self.json();
        assert_eq!(body["schemas"], serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(body["status"], status.to_string());
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("detail").is_empty());
        (text("scimType"), text("detail"))
    }
}

#[tokio::test]
async fn both_base_paths_answer_with_urls_of_their_own() {
    let gateway = Gateway::new().await;
    for base in ["/scim/v2", "/api/ee/scim/v2"] {
        let reply = gateway.get(&format!("{base}/Users/{ID}")).await;
        let location = format!("http://id.example.com{base}/Users/u1");
        assert_eq!(reply.json()["meta"]["location"], location);
        assert_eq!(reply.header("location"), location);
    }
}

#[tokio::test]
async fn the_public_url_counts_and_forwarded_headers_do_not() {
    let public_url = Some("https://scim.example.com/".to_owned());
    let gateway = Gateway::with(Settings { public_url, ..Settings::default() }).await;
    let headers = [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http")];
    let reply = gateway.ask("GET /scim/v2/Users/u1", &headers, Body::empty()).await;
    assert_eq!(reply.header("location"), "https://scim.example.com/scim/v2/Users/u1");
}

#[tokio::test]
async fn urls_with_empty_segments_and_unknown_flags_are_the_same_urls() {
    let gateway = Gateway::new().await;
    for path in [
        "/scim/v2//Users/u1",
        "/scim/v2/Users/u1/",
        "/scim/v2/Users/u1?aadOptscim062020",
        "//scim/v2/Users//u1?x=%ff",
    ] {
        assert_eq!(gateway.get(path).await.json()["id"], ID, "{path}");
    }
}

#[tokio::test]
async fn no_answer_is_kept_by_whoever_passes_it_on() {
    let gateway = Gateway::new().await;
    for path in ["/scim/v2/Users/u1", "/scim/v2/Users", "/scim/v2/Nothing", "/openapi.json", "/elsewhere"] {
        let reply = gateway.get(path).await;
        assert_eq!(
            (reply.header("cache-control"), reply.header("x-content-type-options")),
            ("no-store", "nosniff")
        );
    }
}

#[tokio::test]
async fn every_answer_has_the_media_type_that_the_client_reads() {
    let gateway = Gateway::new().await;
    for path in
        ["/scim/v2/Users", "/scim/v2/Users/u1", "/scim/v2/Users/none", "/scim/v2/Nothing", "/elsewhere"]
    {
        let reply = gateway.get(path).await;
        assert_eq!(reply.header("content-type"), "application/scim+json", "{path}");
        let reply =
            gateway.ask(&format!("GET {path}"), &[("accept", "application/json")], Body::empty()).await;
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let gateway = Gateway::new().await;
    for path in
        ["/scim/v2/Users/u1", "/scim/v2/Users", "/scim/v2/ServiceProviderConfig", "/scim/v2/Users/none"]
    {
        let get = gateway.get(path).await;
        let head = gateway.ask(&format!("HEAD {path}"), &[], Body::empty()).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_an_endpoint_lacks_is_405_and_says_which_it_has() {
    let gateway = Gateway::new().await;
    for (line, allowed) in [
        ("DELETE /scim/v2/Users", "GET, HEAD, POST"),
        ("PUT /scim/v2/Users", "GET, HEAD, POST"),
        ("POST /scim/v2/Users/u1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("OPTIONS /scim/v2/Users/u1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("POST /scim/v2/ServiceProviderConfig", "GET, HEAD"),
        ("PUT /scim/v2/Schemas/urn:x", "GET, HEAD"),
        ("DELETE /scim/v2/ResourceTypes", "GET, HEAD"),
        ("GET /scim/v2/Bulk", "POST"),
        ("PATCH /scim/v2/Groups", "GET, HEAD, POST"),
        ("POST /scim/v2/Groups/g1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("POST /scim/v2", "GET, HEAD"),
        ("TRACE /scim/v2/Me", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("POST /openapi.json", "GET, HEAD"),
        ("GET /scim/v2/.search", "POST"),
        ("GET /scim/v2/Users/.search", "POST"),
        ("DELETE /scim/v2/Groups/.search", "POST"),
    ] {
        let reply = gateway.ask(line, &[], "{}").await;
        assert!(reply.error(405).1.contains(allowed), "{line}");
        assert_eq!(reply.header("allow"), allowed, "{line}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_scim_404() {
    let gateway = Gateway::new().await;
    for path in
        ["/", "/favicon.ico", "/Users", "/scim", "/scim/v2/Nothing", "/scim/v2/../Users", "/scim/v2/%ff"]
    {
        gateway.get(path).await.error(404);
    }
    for path in ["/scim/v2/Users/%00", "/scim/v2/Users/..", "/scim/v2/Users/%2e%2e%2f", "/scim/v2/Users/%ff"]
    {
        gateway.get(path).await.error(404);
    }
    assert_eq!(gateway.get("/scim/v1/Users").await.error(400).0, "invalidVers");
}

#[tokio::test]
async fn what_is_not_done_here_is_501() {
    let gateway = Gateway::new().await;
    let (_, detail) = gateway.ask("POST /scim/v2/Me", &[], "{}").await.error(501);
    assert!(detail.contains("/Users"), "{detail}");
}

#[tokio::test]
async fn the_request_id_goes_to_the_core_and_back() {
    let gateway = Gateway::new().await;
    let reply = gateway.ask("GET /scim/v2/Users/u1", &[("x-request-id", "abc-1")], Body::empty()).await;
    assert_eq!(reply.header("x-request-id"), "abc-1");
    assert_eq!(gateway.core.metadata().get("x-request-id").unwrap(), "abc-1");

    let reply = gateway.ask("GET /scim/v2/Users/u1", &[("x-request-id", "not an id")], Body::empty()).await;
    assert_ne!(reply.header("x-request-id"), "not an id");
    assert_eq!(gateway.core.metadata().get("x-request-id").unwrap(), reply.header("x-request-id"));
}

#[tokio::test]
async fn the_probes_need_no_credential_and_follow_the_core() {
    let probe = async |router: &Router, path: &str| {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let readiness = Readiness::default();
    let settings = Settings { readiness: readiness.clone(), ..Settings::default() };
    let core = FakeCore::default();

    let serving = router(core.channel().await, settings.clone());
    assert_eq!((probe(&serving, "/healthz").await, probe(&serving, "/readyz").await), (200, 200));

    let not_serving = core.channel_with_health(ServingStatus::NotServing).await;
    let not_serving = router(not_serving, settings);
    assert_eq!((probe(&not_serving, "/healthz").await, probe(&not_serving, "/readyz").await), (200, 503));

    readiness.drain();
    assert_eq!((probe(&serving, "/healthz").await, probe(&serving, "/readyz").await), (200, 503));
}

#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_is_refused() {
    let gateway = Gateway::new().await;
    let one = ("host", "id.example.com");
    let credential = ("authorization", "Bearer good");
    for (headers, version, naming) in [
        (&[credential][..], Version::HTTP_11, "0 Host headers"),
        (&[one, ("host", "other.example.com"), credential], Version::HTTP_11, "2 Host headers"),
        (&[one, one, credential], Version::HTTP_10, "2 Host headers"),
        (&[one, credential, ("authorization", "Bearer other")], Version::HTTP_11, "2 Authorization headers"),
        (&[one, credential, credential], Version::HTTP_2, "2 Authorization headers"),
    ] {
        let mut request = Request::builder().uri("/scim/v2/Users/u1").version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = gateway.send_bare(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status.as_u16(), 400, "{naming}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(naming), "{}", reply.text);
    }
    assert!(gateway.core.asked().is_empty());
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let request = Request::builder().uri("/scim/v2/ServiceProviderConfig").version(version);
        let reply = gateway.send_bare(request.body(Body::empty()).unwrap()).await;
        assert_ne!(reply.status.as_u16(), 400, "{version:?} has other ways to name a host");
    }
}
