//! Requests of HTTP, around the whole router.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use futures_util::future::{BoxFuture, Either};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry_sdk::trace::Span;
use rollcall_api::http_route::HttpRoute;
use rollcall_api::traceparent::Traceparent;
use rollcall_core::SystemRandom;
use tower::{Layer, Service};

use super::place;
use super::spans::{CURRENT, Spans, pass_on};
use crate::server::names;

/// What is told of requests.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    random: Arc<SystemRandom>,
    spans: Option<Spans>,
}

impl Requests {
    pub(super) fn new(random: Arc<SystemRandom>, spans: Option<Spans>) -> Self {
        Self { random, spans }
    }
}

impl<S> Layer<S> for Requests {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, requests: self.clone() }
    }
}

/// A service whose requests have a place in a trace.
#[derive(Debug, Clone)]
pub(super) struct Traced<S> {
    inner: S,
    requests: Requests,
}

impl<S> Service<Request> for Traced<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let is_probe = names::is_probe(request.uri().path());
        let Some(spans) = self.requests.spans.as_ref().filter(|_| !is_probe) else {
            place(request.headers_mut(), &self.requests.random);
            return Either::Left(self.inner.call(request));
        };
        let method = names::http_method(request.method());
        let parent = Traceparent::of(request.headers());
        let attributes = vec![KeyValue::new("http.request.method", method)];
        let mut span = spans.begin(method, SpanKind::Server, parent, attributes);
        let current = pass_on(&span, request.headers_mut());
        let answer = CURRENT.sync_scope(current, || self.inner.call(request));
        Either::Right(Box::pin(async move {
            let answer = CURRENT.scope(current, answer).await?;
            if span.is_recording() {
                describe(&mut span, method, &answer);
            }
            span.end();
            Ok(answer)
        }))
    }
}

/// Says what came of a request. Its path is left out: ids and names stand there, of which the route has none.
fn describe(span: &mut Span, method: &str, answer: &Response) {
    let status = answer.status();
    let route = answer.extensions().get::<HttpRoute>().map(|HttpRoute(route)| route);
    if let Some(route) = route.filter(|route| !route.is_empty()) {
        span.update_name(format!("{method} {route}"));
        span.set_attribute(KeyValue::new("http.route", route.clone()));
    }
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if status.is_server_error() {
        span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        span.set_status(Status::error(""));
    }
}
