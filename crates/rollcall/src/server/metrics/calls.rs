//! Calls of gRPC, counted around the gate.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::catalogue::register;
use super::durations;
use crate::server::names;

/// What is counted of calls. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Calls {
    durations: Family<Answered, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    rpc_method: &'static str,
    rpc_response_status_code: &'static str,
}

impl Calls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let made = Self { durations: Family::new_with_constructor(durations as fn() -> Histogram) };
        register(registry, "rpc_server_call_duration_seconds", made.durations.clone());
        made
    }
}

impl<S> Layer<S> for Calls {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, calls: self.clone() }
    }
}

/// A service whose calls are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    calls: Calls,
}

impl<S> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let began = Instant::now();
        let method = names::rpc(request.uri().path());
        let durations = self.calls.durations.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            // What goes well says so behind its messages.
            let code = Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code());
            let answered = Answered { rpc_method: method, rpc_response_status_code: names::code(code) };
            durations.get_or_create(&answered).observe(began.elapsed().as_secs_f64());
            Ok(answer)
        })
    }
}
