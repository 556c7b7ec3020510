//! The core's gRPC API over TCP.

use std::future::ready;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::certificates::Certificates;
use super::connections::{Connections, Place};
use super::heard::Heard;

/// How often a silent connection is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Calls at once on one connection: a gateway sends all that it has over one.
const CALLS_AT_ONCE: u32 = 1000;

/// Calls on one connection that were given up before they were looked at. Past them it is closed, with the calls of everybody
/// whose gateway it is; so many come in a moment in which clients hang up in numbers.
const GIVEN_UP_AT_ONCE: usize = 10_000;

/// What may be under way to one end of a connection, and of one call, in bytes. HTTP/2 closes a connection on which more small
/// messages wait than go with its window, as they do where many calls come in one moment: so it is wide.
pub(super) const WINDOWS: (u32, u32) = (8 * 1024 * 1024, 1024 * 1024);

/// What the gRPC API is served by.
pub(super) fn server() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .initial_connection_window_size(Some(WINDOWS.0))
        .initial_stream_window_size(Some(WINDOWS.1))
        .http2_max_pending_accept_reset_streams(Some(GIVEN_UP_AT_ONCE))
        .max_concurrent_streams(CALLS_AT_ONCE)
}

/// Serves until told to stop, and then until every call has been answered.
pub(super) async fn serve(
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    connections: Arc<Connections>,
    routes: Routes,
    stop: CancellationToken,
) -> Result<()> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).filter_map(move |accepted| {
        let heard = match accepted {
            Ok(stream) => place(&connections, &stream).map(|place| Ok(Heard::http2(stream, place))),
            Err(error) => Some(Err(error)),
        };
        ready(heard)
    });
    let serving = server().add_routes(routes);
    let stopped = stop.clone().cancelled_owned();
    let served = match certificates {
        None => serving.serve_with_incoming_shutdown(incoming, stopped).await,
        Some(certificates) => {
            tokio::spawn(Arc::clone(&certificates).follow(stop.clone()));
            let greeted = incoming
                .map(move |heard| greeted(Arc::clone(&certificates), heard))
                // As many as there may be connections: a slow one keeps no other waiting.
                .buffer_unordered(usize::MAX)
                .filter_map(ready);
            serving.serve_with_incoming_shutdown(greeted, stopped).await
        }
    };
    served.context("the gRPC API failed")
}

/// A connection once its client has been greeted, if that works out.
async fn greeted(
    certificates: Arc<Certificates>,
    heard: Result<Heard, io::Error>,
) -> Option<Result<TlsStream<Heard>, io::Error>> {
    match heard {
        Ok(heard) => certificates.greet(heard).await.map(Ok),
        Err(error) => Some(Err(error)),
    }
}

/// A place for a connection, which is gone already if it has no peer.
fn place(connections: &Arc<Connections>, stream: &TcpStream) -> Option<Place> {
    connections.admit(stream.peer_addr().ok()?.ip())
}
