//! Requests at once: however many a connection of HTTP/2 may have, all of a client's together have a bound.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, Request, Version};
use axum::response::Response;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tower::Service;

use super::connections::Connections;
use super::names;
use super::sending::{Held, Sent};
use super::under_way::UnderWay;

/// Health checks of gRPC at once on a connection. Whoever has one needs one; a gateway asks five times a second.
const HEALTH_CHECKS_AT_ONCE: usize = 20;

/// The service of one connection.
#[derive(Debug, Clone)]
pub(super) struct AtOnce<S> {
    inner: S,
    connections: Arc<Connections>,
    peer: IpAddr,
    under_way: Arc<UnderWay>,
    health_checks: Arc<Semaphore>,
    /// What somebody is told whose request found no place.
    crowded: fn() -> Response,
}

impl<S> AtOnce<S> {
    pub(super) fn new(
        inner: S,
        connections: Arc<Connections>,
        peer: IpAddr,
        under_way: Arc<UnderWay>,
        crowded: fn() -> Response,
    ) -> Self {
        let health_checks = Arc::new(Semaphore::new(HEALTH_CHECKS_AT_ONCE));
        Self { inner, connections, peer, under_way, health_checks, crowded }
    }

    /// What a request gets. `None`: there are too many already.
    fn admit<B>(&self, request: &Request<B>) -> Option<Held> {
        let path = request.uri().path();
        // One of HTTP/1.1 has the place of its connection. Probes say how the process is when it is full, too.
        if request.version() < Version::HTTP_2 || names::is_probe(path) {
            return Some(Held::default());
        }
        if !names::is_health(path) {
            return self.connections.admit_request(self.peer).map(Held::until_made);
        }
        let permit = Arc::clone(&self.health_checks).try_acquire_owned().ok()?;
        let watch =
            if names::watches_health(path) { Some(self.connections.admit_watch(self.peer)?) } else { None };
        Some(Held::until_taken((permit, watch)))
    }
}

impl<S, B> Service<Request<B>> for AtOnce<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let under_way = Arc::clone(&self.under_way);
        let Some(held) = self.admit(&request) else {
            let crowded = self.crowded;
            return Box::pin(async move { Ok(Sent::answer(crowded(), Held::default(), true, under_way)) });
        };
        let is_anonymous = is_anonymous(request.uri().path(), request.headers());
        let work = under_way.work();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            drop(work);
            let status = answer.status();
            let is_of_stranger = is_anonymous || status.is_client_error() || status.is_server_error();
            Ok(Sent::answer(answer, held, is_of_stranger, under_way))
        })
    }
}

/// Whether somebody shows no credential. One that is shown is good where the answer is no error.
fn is_anonymous(path: &str, headers: &HeaderMap) -> bool {
    names::is_health(path) || !(headers.contains_key(AUTHORIZATION) || headers.contains_key(COOKIE))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, HttpBody as _};
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;
    use axum::routing::get;

    use super::*;
    use crate::settings;

    fn at_once(most: usize) -> AtOnce<Router> {
        let settings = settings::Connections { max_connections: 100, max_connections_per_address: most };
        let [connections] = Connections::of_ports(&settings, [&[]]);
        let unending =
            || async { Body::from_stream(futures_util::stream::pending::<Result<String, axum::Error>>()) };
        let inner = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/healthz", get(|| async { "ok" }))
            .route("/never", get(std::future::pending::<()>))
            .route("/grpc.health.v1.Health/Watch", get(unending));
        let crowded = || StatusCode::SERVICE_UNAVAILABLE.into_response();
        AtOnce::new(inner, connections, [127, 0, 0, 1].into(), Arc::default(), crowded)
    }

    fn asked(
        service: &AtOnce<Router>,
        version: Version,
        path: &str,
    ) -> impl Future<Output = Response> + use<> {
        let request = Request::builder().version(version).uri(path).body(Body::empty()).unwrap();
        let mut service = service.clone();
        // Its place is looked for before anybody waits for it.
        let answer = service.call(request);
        async move { answer.await.unwrap() }
    }

    #[tokio::test]
    async fn a_request_has_its_place_until_it_has_been_answered() {
        let service = at_once(2);
        let under_way =
            [asked(&service, Version::HTTP_2, "/never"), asked(&service, Version::HTTP_2, "/never")];
        let refused = asked(&service, Version::HTTP_2, "/").await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        for (version, path) in [(Version::HTTP_11, "/"), (Version::HTTP_2, "/healthz")] {
            assert_eq!(asked(&service, version, path).await.status(), StatusCode::OK, "{version:?} {path}");
        }
        let [gone, waits] = under_way;
        drop(gone);
        let answer = asked(&service, Version::HTTP_2, "/").await;
        assert_eq!((answer.status(), answer.body().size_hint().exact()), (StatusCode::OK, Some(4)));
        drop((waits, answer));
    }

    #[tokio::test]
    async fn a_connection_has_few_health_checks_at_once() {
        let service = at_once(HEALTH_CHECKS_AT_ONCE + 1);
        let watch = "/grpc.health.v1.Health/Watch";
        let mut answers = Vec::new();
        for _ in 0..HEALTH_CHECKS_AT_ONCE {
            answers.push(asked(&service, Version::HTTP_2, watch).await);
        }
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
        let refused = asked(&service, Version::HTTP_2, watch).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked(&service, Version::HTTP_2, "/").await.status(), StatusCode::OK);
        answers.pop();
        assert_eq!(asked(&service, Version::HTTP_2, watch).await.status(), StatusCode::OK);
    }
}
