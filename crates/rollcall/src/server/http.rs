//! The SCIM endpoint over TCP: HTTP/1.1, and HTTP/2, with TLS or without.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use rollcall_console::Peer;
use rollcall_gateway::{PeerAddress, client_address};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::connections::{LONGEST_SILENCE, one_client};
use super::port::{self, Port, Protocol};
use super::sending::Attended;

/// How often a silent HTTP/2 connection is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// The largest head of HTTP/1.1 that is waited for, in bytes.
const LARGEST_HEAD: usize = 128 * 1024;
/// Requests at once on a connection of HTTP/2, what may come in of all and of each of them before it is read, and what is kept of
/// the answer of each until the client takes it, in bytes: what a stranger's connection can make the server hold.
const REQUESTS_AT_ONCE: u32 = 100;
const WINDOWS: (u32, u32) = (1024 * 1024, 256 * 1024);
const SENT_AT_ONCE: usize = 64 * 1024;
/// What somebody is told whose request found no place, in SCIM's format (RFC 7644 §3.12).
const CROWDED: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"too many of your requests are under way at once, and nothing was done; wait for answers before you send more"}"#;

/// Serves until told to stop, and then until every request has been answered.
pub(super) async fn serve(port: Port, router: Router, stop: CancellationToken) -> Result<()> {
    let connections = port.connections();
    let protocol = Protocol { builder, is_http2: false, crowded };
    let service = |_: &_, peer| {
        let address = PeerAddress(peer);
        let connections = Arc::clone(&connections);
        router.clone().map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(address);
            if request.uri().path().starts_with(rollcall_console::PATH) {
                let client = client_address(address.0, request.headers(), connections.proxies());
                request.extensions_mut().insert(Peer(one_client(client)));
            }
            request
        })
    };
    port::serve(port, protocol, service, stop).await;
    Ok(())
}

fn builder(attended: Attended) -> Builder<Attended> {
    let mut builder = Builder::new(attended);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(LONGEST_SILENCE).max_buf_size(LARGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .max_concurrent_streams(REQUESTS_AT_ONCE)
        .initial_connection_window_size(WINDOWS.0)
        .initial_stream_window_size(WINDOWS.1)
        .max_send_buf_size(SENT_AT_ONCE);
    builder
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
