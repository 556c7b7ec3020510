//! Requests of HTTP, counted around the whole router.

use std::borrow::Cow;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use futures_util::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rollcall_api::http_route::HttpRoute;
use tower::{Layer, Service};

use super::catalogue::register;
use super::durations;
use crate::server::names;

/// What is counted of requests. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    durations: Family<Answered, Histogram>,
    active: Family<[(&'static str, &'static str); 0], Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "labels have the names that OpenTelemetry gives them")]
struct Answered {
    http_request_method: &'static str,
    http_route: Cow<'static, str>,
    http_response_status_code: u16,
}

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let made = Self {
            durations: Family::new_with_constructor(durations as fn() -> Histogram),
            active: Family::default(),
        };
        register(registry, "http_server_request_duration_seconds", made.durations.clone());
        register(registry, "http_server_active_requests", made.active.clone());
        made
    }
}

impl<S> Layer<S> for Requests {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, requests: self.clone() }
    }
}

/// A service whose requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    requests: Requests,
}

/// Counts a request that has no answer yet, also when nobody waits for one any more.
struct Active(Gauge);

impl Active {
    fn begin(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl<S> Service<Request> for Counted<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let began = Instant::now();
        let method = names::http_method(request.method());
        let active = Active::begin(&self.requests.active.get_or_create(&[]));
        let durations = self.requests.durations.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            drop(active);
            let route =
                answer.extensions().get::<HttpRoute>().map_or(Cow::Borrowed(""), |route| route.0.clone());
            let answered = Answered {
                http_request_method: method,
                http_route: route,
                http_response_status_code: answer.status().as_u16(),
            };
            durations.get_or_create(&answered).observe(began.elapsed().as_secs_f64());
            Ok(answer)
        })
    }
}
