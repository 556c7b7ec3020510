//! The SCIM endpoint over TCP: HTTP/1.1, and HTTP/2, with TLS or without.

use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rollcall_console::Peer;
use rollcall_gateway::{PeerAddress, client_address};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::at_once::AtOnce;
use super::certificates::{Certificates, HTTP2};
use super::checked::Checked;
use super::connections::{Connections, LONGEST_SILENCE, begins, one_client};
use super::heard::Heard;

/// How often a silent HTTP/2 connection is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// The largest head of HTTP/1.1 that is waited for, in bytes.
const LARGEST_HEAD: usize = 128 * 1024;
/// Requests at once on a connection of HTTP/2, what may come in of all and of each of them before it is read, and what is kept of
/// the answer of each until the client takes it, in bytes: what a stranger's connection can make the server hold.
const REQUESTS_AT_ONCE: u32 = 100;
const WINDOWS: (u32, u32) = (1024 * 1024, 256 * 1024);
const SENT_AT_ONCE: usize = 64 * 1024;
/// The pause after the system had no room for another connection.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves until told to stop, and then until every request has been answered.
pub(super) async fn serve(
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    connections: Arc<Connections>,
    router: Router,
    stop: CancellationToken,
) -> Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
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
    let open = GracefulShutdown::new();
    if let Some(certificates) = &certificates {
        tokio::spawn(Arc::clone(certificates).follow(stop.clone()));
    }
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = connections.admit(peer.ip()) else { continue };
                let (builder, router) = (builder.clone(), router.clone());
                let watcher = open.watcher();
                let (connections, stop) = (Arc::clone(&connections), stop.clone());
                let certificates = certificates.clone();
                tokio::spawn(async move {
                    // Small answers go out at once.
                    let _ = stream.set_nodelay(true);
                    let address = PeerAddress(peer.ip());
                    let known = Arc::clone(&connections);
                    let router = router.map_request(move |mut request: Request<_>| {
                        request.extensions_mut().insert(address);
                        if request.uri().path().starts_with(rollcall_console::PATH) {
                            let client = client_address(address.0, request.headers(), known.proxies());
                            request.extensions_mut().insert(Peer(one_client(client)));
                        }
                        request
                    });
                    let service =
                        TowerToHyperService::new(AtOnce { inner: router, connections, peer: peer.ip() });
                    let (builder, stream) = match certificates {
                        None => {
                            // Which protocol it speaks is only known then, and until then hyper's own timeout does not run.
                            if stop.run_until_cancelled(begins(&stream)).await != Some(true) {
                                return;
                            }
                            (builder, Either::Left(Heard::new(stream, place)))
                        }
                        Some(certificates) => {
                            let greeting = certificates.greet(Heard::new(stream, place));
                            let Some(Some(stream)) = stop.run_until_cancelled(greeting).await else { return };
                            let (builder, stream) = agreed(builder, stream);
                            (builder, Either::Right(stream))
                        }
                    };
                    let connection =
                        builder.serve_connection(TokioIo::new(Checked::new(stream)), service).into_owned();
                    if let Err(error) = watcher.watch(connection).await {
                        tracing::debug!(cause = &*error, "a connection broke");
                    }
                });
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(BREATHER).await;
            }
        }
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

/// A connection with what it is served by: the protocol that its ends have agreed on.
fn agreed(
    builder: Builder<TokioExecutor>,
    mut stream: TlsStream<Heard>,
) -> (Builder<TokioExecutor>, TlsStream<Heard>) {
    if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
        stream.get_mut().0.has_to_speak();
        (builder.http2_only(), stream)
    } else {
        (builder.http1_only(), stream)
    }
}

/// Whether it is the one connection that failed, and not the listener.
pub(super) fn is_of_one_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
