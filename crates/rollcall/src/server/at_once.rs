//! Requests at once: however many a connection of HTTP/2 may have, all of a client's together have a bound.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Request, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::{BoxFuture, Either};
use http_body::{Frame, SizeHint};
use tower::Service;

use super::connections::{Connections, Place};

/// What somebody is told whose request found no place, in SCIM's format (RFC 7644 §3.12).
const CROWDED: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"too many of your requests are under way at once, and nothing was done; wait for answers before you send more"}"#;

/// The service of one connection. A request has its place until its answer has been taken.
#[derive(Debug, Clone)]
pub(super) struct AtOnce<S> {
    pub(super) inner: S,
    pub(super) connections: Arc<Connections>,
    pub(super) peer: IpAddr,
}

impl<S, B> Service<Request<B>> for AtOnce<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // One of HTTP/1.1 has the place of its connection.
        if request.version() < Version::HTTP_2 {
            return Either::Left(self.inner.call(request));
        }
        let Some(place) = self.connections.admit_request(self.peer) else {
            return Either::Right(Box::pin(async { Ok(crowded()) }));
        };
        let answer = self.inner.call(request);
        Either::Right(Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Body::new(Held { body, _place: place })))
        }))
    }
}

fn crowded() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/scim+json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (RETRY_AFTER, HeaderValue::from_static("1")),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, CROWDED).into_response()
}

/// The body of an answer, which has its request's place.
struct Held {
    body: Body,
    _place: Place,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::settings;

    fn at_once(most: usize) -> AtOnce<Router> {
        let settings = settings::Connections { max_connections: 10, max_connections_per_address: most };
        let [connections] = Connections::of_ports(&settings, [&[]]);
        let inner = Router::new().route("/", get(|| async { "here" }));
        AtOnce { inner, connections, peer: [127, 0, 0, 1].into() }
    }

    async fn asked(service: &AtOnce<Router>, version: Version) -> Response {
        let request = Request::builder().version(version).body(Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_request_has_its_place_until_its_answer_has_been_taken() {
        let service = at_once(2);
        let answers = [asked(&service, Version::HTTP_2).await, asked(&service, Version::HTTP_2).await];
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
        let refused = asked(&service, Version::HTTP_2).await;
        assert_eq!(
            (refused.status(), &refused.headers()[RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
        );
        assert_eq!(
            asked(&service, Version::HTTP_11).await.status(),
            StatusCode::OK,
            "it has its connection's"
        );
        let [taken, kept] = answers;
        drop(taken);
        let answer = asked(&service, Version::HTTP_2).await;
        assert_eq!((answer.status(), answer.body().size_hint().exact()), (StatusCode::OK, Some(4)));
        drop((kept, answer));
    }
}
