//! Calls of gRPC as the core serves them, around its gate.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::{BoxFuture, Either};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry_sdk::trace::Span;
use rollcall_api::traceparent::Traceparent;
use rollcall_core::SystemRandom;
use tonic::Code;
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::place;
use super::spans::{Spans, pass_on};
use super::statements;
use crate::server::names;

/// What is told of calls.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    random: Arc<SystemRandom>,
    spans: Option<Spans>,
}

impl Calls {
    pub(super) fn new(random: Arc<SystemRandom>, spans: Option<Spans>) -> Self {
        Self { random, spans }
    }
}

impl<S> Layer<S> for Calls {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, calls: self.clone() }
    }
}

/// A service whose calls have a place in a trace.
#[derive(Debug, Clone)]
pub(super) struct Traced<S> {
    inner: S,
    calls: Calls,
}

impl<S> Service<Request<Body>> for Traced<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let is_health = names::is_health(request.uri().path());
        let Some(spans) = self.calls.spans.as_ref().filter(|_| !is_health) else {
            place(request.headers_mut(), &self.calls.random);
            return Either::Left(self.inner.call(request));
        };
        let rpc = names::rpc(request.uri().path());
        let parent = Traceparent::of(request.headers());
        let mut span = spans.begin(rpc, SpanKind::Server, parent, attributes(rpc));
        let inside = statements::parent(pass_on(&span, request.headers_mut()));
        let answer = inside.in_scope(|| self.inner.call(request));
        let answer = async move {
            let answer = answer.await?;
            if span.is_recording() {
                describe(&mut span, &answer);
            }
            span.end();
            Ok::<_, Infallible>(answer)
        };
        Either::Right(Box::pin(answer.instrument(inside)))
    }
}

/// What is known of a call before it is answered.
pub(super) fn attributes(rpc: &'static str) -> Vec<KeyValue> {
    let (service, method) = rpc.split_once('/').unwrap_or((rpc, ""));
    let mut attributes = vec![KeyValue::new("rpc.system", "grpc"), KeyValue::new("rpc.service", service)];
    if !method.is_empty() {
        attributes.push(KeyValue::new("rpc.method", method));
    }
    attributes
}

/// The code that an answer begins with. What goes well says so behind its messages.
pub(super) fn code_of<T>(answer: &Response<T>) -> Code {
    tonic::Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code())
}

/// Notes how a call ended, and whether that is an error of whoever's span it is.
pub(super) fn note_code(span: &mut Span, code: Code, is_error: bool) {
    span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(i32::from(code))));
    if is_error {
        span.set_attribute(KeyValue::new("error.type", names::code(code)));
        span.set_status(Status::error(""));
    }
}

fn describe(span: &mut Span, answer: &Response<Body>) {
    let code = code_of(answer);
    // What the caller did wrong is no error of the core.
    let is_error = matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    note_code(span, code, is_error);
}
