//! What holds for every answer of the gateway.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tower::ServiceExt as _;

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Asks a router.
pub async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await.expect("a router answers");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("an answer has an end").to_bytes().into();
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Answer {
    /// The body, an object.
    pub fn object(&self) -> Map<String, Value> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => object,
            read => panic!("no object: {read:?}: {self:?}"),
        }
    }

    /// Checks what holds for every answer of SCIM: no request is at fault for a fault of the server, and each is refused in
    /// the form of RFC 7644 §3.12.
    pub fn judge(&self, method: &Method) {
        let is_fault = self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED;
        assert!(!is_fault, "{self:?}");
        assert!(self.headers.contains_key("x-request-id"), "{self:?}");
        let is_bare = *method == Method::HEAD
            || matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if is_bare {
            assert!(self.body.is_empty(), "{self:?}");
            return;
        }
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        assert!(matches!(kind, Some("application/scim+json" | "application/json")), "{self:?}");
        let body = self.object();
        if self.status.is_client_error() || self.status.is_server_error() {
            assert_eq!(body.get("status").and_then(Value::as_str), Some(self.status.as_str()), "{self:?}");
            let schemas = body.get("schemas").and_then(Value::as_array).expect("schemas");
            assert!(schemas.iter().any(|schema| schema == ERROR), "{self:?}");
            assert!(body.get("detail").is_some_and(Value::is_string), "{self:?}");
        }
    }
}
