//! Saying goodbye: a server that is about to end has its clients connect elsewhere before it does.
//!
//! A connection of HTTP/1.1 that is closed while it is idle may be closed just as its client sends the next request, which is
//! lost then. So while the server drains, each answer says that it is the last of its connection. HTTP/2 has GOAWAY for that.

use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Version};
use axum::response::Response;
use futures_util::future::{BoxFuture, Either};
use rollcall_gateway::Readiness;
use tower::{Service, layer};

/// A router that parts from its clients once it is not ready any more.
pub(super) fn around(router: Router, readiness: &Readiness) -> Router {
    let readiness = readiness.clone();
    router.layer(layer::layer_fn(move |inner| Parting { inner, readiness: readiness.clone() }))
}

#[derive(Debug, Clone)]
struct Parting<S> {
    inner: S,
    readiness: Readiness,
}

impl<S> Service<Request> for Parting<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let parts = self.readiness.is_draining() && request.version() < Version::HTTP_2;
        let answer = self.inner.call(request);
        if !parts {
            return Either::Left(answer);
        }
        Either::Right(Box::pin(async move {
            let mut answer = answer.await?;
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            Ok(answer)
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn parts(router: &Router, version: Version) -> bool {
        let request = Request::builder().version(version).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        answer.headers().get(CONNECTION).is_some_and(|value| value == "close")
    }

    #[tokio::test]
    async fn a_server_that_drains_parts_from_clients_of_http_1() {
        let readiness = Readiness::default();
        let router = around(Router::new().route("/", get(|| async { "here" })), &readiness);
        assert!(!parts(&router, Version::HTTP_11).await);
        readiness.drain();
        assert!(parts(&router, Version::HTTP_11).await);
        assert!(!parts(&router, Version::HTTP_2).await, "it has no such header (RFC 9113 §8.2.2)");
    }
}
