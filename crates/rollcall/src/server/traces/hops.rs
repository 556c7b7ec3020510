//! Calls of the core as a gateway or a console makes them.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::{Request, Response, Uri};
use futures_util::future::{BoxFuture, Either};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind};
use rollcall_api::channel::{CoreChannel, CoreFuture};
use rollcall_api::traceparent::Traceparent;
use tonic::Code;
use tonic::body::Body;
use tonic::transport::Error;
use tower::{Layer, Service};

use super::calls::{attributes, code_of, note_code};
use super::spans::{CURRENT, Spans, pass_on};
use crate::server::names;

/// What is told of calls that are made.
#[derive(Debug, Clone)]
pub(super) struct Hops {
    spans: Spans,
    /// Where the core is.
    server: Arc<[KeyValue]>,
}

impl Hops {
    /// Calls of the core at a URL, or of one in this process.
    pub(super) fn new(spans: Spans, core_url: Option<&str>) -> Self {
        let uri: Option<Uri> = core_url.and_then(|url| url.parse().ok());
        let host = uri.as_ref().and_then(Uri::host).map(str::to_owned);
        let port = uri.as_ref().and_then(Uri::port_u16);
        let server = host.map(|host| KeyValue::new("server.address", host));
        let server = server.into_iter().chain(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        Self { spans, server: server.collect() }
    }
}

impl Layer<CoreChannel> for Hops {
    type Service = Traced;

    fn layer(&self, inner: CoreChannel) -> Traced {
        Traced { inner, hops: self.clone() }
    }
}

/// A way to the core whose calls are parts of the requests that need them. What no request needs begins no trace.
#[derive(Debug, Clone)]
pub(super) struct Traced {
    inner: CoreChannel,
    hops: Hops,
}

impl Service<Request<Body>> for Traced {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Either<CoreFuture, BoxFuture<'static, Result<Response<Body>, Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let current = || CURRENT.try_get().ok().flatten();
        let Some(parent) = Traceparent::of(request.headers()).or_else(current) else {
            return Either::Left(self.inner.call(request));
        };
        let rpc = names::rpc(request.uri().path());
        let mut attributes = attributes(rpc);
        attributes.extend(self.hops.server.iter().cloned());
        let mut span = self.hops.spans.begin(rpc, SpanKind::Client, Some(parent), attributes);
        pass_on(&span, request.headers_mut());
        let answer = self.inner.call(request);
        Either::Right(Box::pin(async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or(Code::Unavailable, code_of);
            if span.is_recording() {
                note_code(&mut span, code, code != Code::Ok);
            }
            span.end();
            answer
        }))
    }
}
