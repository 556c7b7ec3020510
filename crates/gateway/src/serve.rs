//! A request from its first byte to its line in the log.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{Method, StatusCode};
use rollcall_api::channel::CoreChannel;
use rollcall_api::v1::ErrorReason;
use tracing::Instrument as _;

use crate::answer::Answer;
use crate::base_url::BaseUrls;
use crate::body::Incoming;
use crate::call::Call;
use crate::client_address::Network;
use crate::error::Problem;
use crate::negotiation::{MediaType, answer_type};
use crate::request_id::{RequestId, RequestIds};
use crate::routing::{Route, route};
use crate::settings::{Readiness, Settings};
use crate::{dispatch, oauth, probes};

/// What every request is served with.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) core: CoreChannel,
    pub(crate) core_timeout: Duration,
    pub(crate) max_user_body_bytes: usize,
    pub(crate) max_large_body_bytes: usize,
    pub(crate) readiness: Readiness,
    pub(crate) trusted_proxies: Vec<Network>,
    body_timeout: Duration,
    base_urls: BaseUrls,
    request_ids: RequestIds,
}

impl Gateway {
    pub(crate) fn new(core: CoreChannel, settings: Settings) -> Self {
        Self {
            core,
            core_timeout: settings.core_timeout,
            max_user_body_bytes: settings.max_user_body_bytes,
            max_large_body_bytes: settings.max_large_body_bytes,
            readiness: settings.readiness,
            trusted_proxies: settings.trusted_proxies,
            body_timeout: settings.body_timeout,
            base_urls: BaseUrls::new(settings.public_url.as_deref()),
            request_ids: settings.request_ids,
        }
    }
}

/// Serves one request.
pub(crate) async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let request_id = gateway.request_ids.of(&parts.headers);
    // The query is left out of every log: filters hold names and addresses of people.
    let span = tracing::debug_span!("http", %request_id, method = %parts.method, path = parts.uri.path());
    let response = AssertUnwindSafe(answer(&gateway, &parts, body, &request_id).instrument(span))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            // What it was, and where, the panic hook has said.
            tracing::error!(%request_id, "a request ended in a panic");
            respond(Problem::internal(&request_id).into_answer(), &parts, &request_id)
        });
    log(&parts, &request_id, response.status(), started.elapsed());
    response
}

async fn answer(gateway: &Gateway, parts: &Parts, body: Body, request_id: &RequestId) -> Response {
    let mut body = Incoming::new(body, &parts.headers, gateway.body_timeout);
    let answer = match route(parts.uri.path()) {
        Route::Liveness => return probes::liveness(&parts.method),
        Route::Readiness => return probes::readiness(gateway, &parts.method).await,
        Route::Scim(path, endpoint) => {
            let call = Call { gateway, parts, request_id, base: gateway.base_urls.of(parts, path) };
            dispatch::answer(&call, &endpoint, &mut body).await
        }
        Route::Token => {
            let call = Call { gateway, parts, request_id, base: Cow::Borrowed("") };
            let answer = oauth::token(&call, &mut body).await;
            body.discard().await;
            return answer.into_response(MediaType::Json, request_id, parts.method == Method::HEAD);
        }
        Route::OtherVersion(version) => {
            let detail = format!("version {version} of SCIM is not served here; use v2");
            Problem::new(ErrorReason::InvalidVersion, detail).into_answer()
        }
        Route::Elsewhere => {
            let detail = "there is nothing here; SCIM is served under /scim/v2";
            Problem::http(StatusCode::NOT_FOUND, detail).into_answer()
        }
    };
    body.discard().await;
    respond(answer, parts, request_id)
}

fn respond(answer: Answer, parts: &Parts, request_id: &RequestId) -> Response {
    answer.into_response(answer_type(&parts.headers), request_id, parts.method == Method::HEAD)
}

/// One line for each request, at the level of how much it matters.
fn log(parts: &Parts, request_id: &RequestId, status: StatusCode, took: Duration) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                %request_id,
                method = %parts.method,
                path = parts.uri.path(),
                status = status.as_u16(),
                took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "answered"
            )
        };
    }
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        line!(warn);
    } else if status.is_client_error() {
        line!(info);
    } else {
        line!(debug);
    }
}
