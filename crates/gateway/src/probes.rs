//! The probes of whoever runs a process in front of a core. They need no credential, and tell no more than what is asked.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::{Method, StatusCode, header};
use rollcall_api::channel::CoreChannel;
use tokio::time::timeout;

use crate::settings::Readiness;

/// How long the core may take to say how it is: less than whoever probes waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Both probes, for a process that is no gateway.
pub(crate) fn router(core: CoreChannel, readiness: Readiness) -> Router {
    let ready = move |method: Method| async move { self::readiness(&core, &readiness, &method).await };
    Router::new()
        .route("/healthz", any(|method: Method| async move { liveness(&method) }))
        .route("/readyz", any(ready))
}

/// `/healthz`: this process runs.
pub(crate) fn liveness(method: &Method) -> Response {
    if is_read(method) { said(StatusCode::OK, "ok\n") } else { other_method() }
}

/// `/readyz`: requests are welcome, and a core serves.
pub(crate) async fn readiness(core: &CoreChannel, readiness: &Readiness, method: &Method) -> Response {
    if !is_read(method) {
        return other_method();
    }
    if readiness.is_draining() {
        return said(StatusCode::SERVICE_UNAVAILABLE, "this process is draining\n");
    }
    match timeout(PATIENCE, core.serves()).await {
        Ok(Ok(true)) => said(StatusCode::OK, "ready\n"),
        Ok(Ok(false)) => {
            said(StatusCode::SERVICE_UNAVAILABLE, "the identity core does not serve at present\n")
        }
        Ok(Err(status)) => {
            tracing::debug!(code = %status.code(), cause = status.message(), "the core failed its health check");
            said(StatusCode::SERVICE_UNAVAILABLE, "the identity core cannot be reached\n")
        }
        Err(_) => said(StatusCode::SERVICE_UNAVAILABLE, "the identity core does not answer\n"),
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn other_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response()
}

fn said(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(text)).into_response()
}
