//! A request from its first byte to its line in the log.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use rollcall_api::http_route::HttpRoute;
use rollcall_api::v1::ErrorReason;
use tracing::Instrument as _;

use crate::activity::Exchange;
use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::client_address::address_of;
use crate::error::Problem;
use crate::media_type::MediaType;
use crate::negotiation::answer_type;
use crate::notes::Notes;
use crate::request_id::RequestId;
use crate::routing::{Endpoint, Route, route};
use crate::shown::{shown_method, shown_path};
use crate::state::Gateway;
use crate::{dispatch, oauth, probes};

/// Serves one request.
pub(crate) async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    conceal_credentials(&mut parts.headers);
    let request_id = gateway.request_ids.of(&parts.headers);
    // The query is left out of every log: filters hold names and addresses of people.
    let span = tracing::debug_span!(
        "http",
        %request_id,
        trace_id = request_id.trace_id(),
        method = shown_method(&parts.method),
        path = &*shown_path(parts.uri.path())
    );
    let mut body = Incoming::new(body, &parts.headers, gateway.body_timeout);
    let notes = Notes::default();
    let route = route(parts.uri.path());
    let answering = answer(&gateway, &parts, &route, &mut body, &request_id, &notes);
    let answered = AssertUnwindSafe(answering.instrument(span)).catch_unwind().await;
    let answer = match answered {
        Ok(Outcome::Probed(mut response)) => {
            response.extensions_mut().insert(HttpRoute(Cow::Borrowed(route.pattern())));
            return response;
        }
        Ok(Outcome::Answered(answer)) => answer,
        Err(_) => {
            // What it was, and where, the panic hook has said.
            tracing::error!(%request_id, trace_id = request_id.trace_id(), "a request ended in a panic");
            Problem::internal(&request_id).into_answer()
        }
    };
    let took = started.elapsed();
    log(&parts, &request_id, answer.status, took);
    let bearer = notes.bearer().cloned();
    if is_of_scim(&route, &parts) {
        let exchange = Exchange {
            parts: &parts,
            request_id: &request_id,
            route: &route,
            body: &body,
            answer: &answer,
            address: address_of(&parts, &gateway.trusted_proxies),
            started,
            took,
        };
        gateway.activity.report(exchange, notes.into_inner());
    }
    let media_type = if route == Route::Token { MediaType::Json } else { answer_type(&parts.headers) };
    let mut response = answer.into_response(media_type, &request_id, parts.method == Method::HEAD);
    response.extensions_mut().insert(HttpRoute(Cow::Borrowed(route.pattern())));
    if let Some(bearer) = bearer {
        response.extensions_mut().insert(bearer);
    }
    response
}

/// What a request came to.
enum Outcome {
    /// A probe, which no log mentions.
    Probed(Response),
    Answered(Answer),
}

async fn answer(
    gateway: &Gateway,
    parts: &Parts,
    route: &Route<'_>,
    body: &mut Incoming,
    request_id: &RequestId,
    notes: &Notes,
) -> Outcome {
    // Probes read no head, and the token endpoint has words of its own for what is sent twice.
    let is_judged = !matches!(route, Route::Liveness | Route::Readiness | Route::Token);
    if let Some(problem) = ambiguity(parts).filter(|_| is_judged) {
        body.discard().await;
        return Outcome::Answered(problem.into_answer());
    }
    let answer = match route {
        Route::Liveness => return Outcome::Probed(probes::liveness(&parts.method)),
        Route::Readiness => {
            return Outcome::Probed(
                probes::readiness(&gateway.core, &gateway.readiness, &parts.method).await,
            );
        }
        Route::Scim(path, endpoint) => {
            let call = Call {
                gateway,
                parts,
                request_id,
                base: gateway.base_urls.of(parts, *path),
                notes,
                implied_schema: OnceLock::new(),
            };
            dispatch::answer(&call, endpoint, body).await
        }
        Route::Token => {
            let call = Call {
                gateway,
                parts,
                request_id,
                base: Cow::Borrowed(""),
                notes,
                implied_schema: OnceLock::new(),
            };
            oauth::token(&call, body).await
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
    Outcome::Answered(answer)
}

/// What is wrong with a head that one reader takes for one thing and the next for another: a Host that is not there, or twice
/// (RFC 9112 §3.2), or two credentials.
fn ambiguity(parts: &Parts) -> Option<Problem> {
    let count = |name| parts.headers.get_all(name).iter().count();
    let (hosts, credentials) = (count(HOST), count(AUTHORIZATION));
    let detail = if hosts > 1 || (hosts == 0 && parts.version == Version::HTTP_11) {
        format!("the request has {hosts} Host headers; send one")
    } else if credentials > 1 {
        format!("the request has {credentials} Authorization headers; send one")
    } else {
        return None;
    };
    Some(Problem::http(StatusCode::BAD_REQUEST, detail))
}

/// Whether a request was one of SCIM. The document at `/openapi.json` is for everybody and of no directory. What comes with
/// a credential to where nothing is was meant for SCIM: an identity provider that was given the wrong URL.
fn is_of_scim(route: &Route<'_>, parts: &Parts) -> bool {
    match route {
        Route::Scim(_, endpoint) => *endpoint != Endpoint::OpenApi,
        Route::OtherVersion(_) => true,
        Route::Elsewhere => parts.headers.contains_key(AUTHORIZATION),
        Route::Liveness | Route::Readiness | Route::Token => false,
    }
}

/// Marks the credentials of a request, so that nothing shows them that prints headers.
fn conceal_credentials(headers: &mut HeaderMap) {
    let is_secret = |name: &HeaderName| *name == AUTHORIZATION || *name == COOKIE;
    for (_, value) in headers.iter_mut().filter(|(name, _)| is_secret(name)) {
        value.set_sensitive(true);
    }
}

/// One line for each request, at the level of how much it matters.
fn log(parts: &Parts, request_id: &RequestId, status: StatusCode, took: Duration) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                %request_id,
                trace_id = request_id.trace_id(),
                method = shown_method(&parts.method),
                path = &*shown_path(parts.uri.path()),
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
