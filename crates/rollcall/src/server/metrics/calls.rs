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
use rollcall_api::access;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::catalogue::register;
use super::durations;

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

/// The rpc at a path, without the slash before it; whoever makes paths up makes no further number.
fn method_at(path: &str) -> &'static str {
    let known = access::rpcs().map(|(rpc, _)| rpc).find(|rpc| *rpc == path);
    match known {
        Some(rpc) => rpc.trim_start_matches('/'),
        None if path.starts_with("/grpc.health.v1.Health/") => "grpc.health.v1.Health",
        None if path.starts_with("/grpc.reflection.") => "grpc.reflection",
        None => "_OTHER",
    }
}

/// The name of a code, as gRPC spells it.
fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
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
        let method = method_at(request.uri().path());
        let durations = self.calls.durations.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            // What goes well says so behind its messages.
            let code = Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code());
            let answered = Answered { rpc_method: method, rpc_response_status_code: name_of(code) };
            durations.get_or_create(&answered).observe(began.elapsed().as_secs_f64());
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rpcs_that_there_are_have_a_number_of_their_own() {
        assert_eq!(method_at("/rollcall.v1.UserService/GetUser"), "rollcall.v1.UserService/GetUser");
        assert_eq!(method_at("/grpc.health.v1.Health/Check"), "grpc.health.v1.Health");
        for made_up in ["", "/", "/rollcall.v1.UserService/GetUserX", "/a/b"] {
            assert_eq!(method_at(made_up), "_OTHER");
        }
    }
}
