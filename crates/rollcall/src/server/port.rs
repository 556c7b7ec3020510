//! A port: connections are accepted, greeted where they are encrypted, and served until the server ends.

use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::at_once::AtOnce;
use super::certificates::{Certificates, HTTP2};
use super::checked::Checked;
use super::connections::{Connections, Place, begins};
use super::heard::Heard;
use super::sending::Attended;
use super::under_way::UnderWay;

/// The pause after the system had no room for another connection.
const BREATHER: Duration = Duration::from_millis(100);

/// What a port is, and to whom.
#[derive(Debug)]
pub(super) struct Port {
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    connections: Arc<Connections>,
}

impl Port {
    pub(super) fn new(
        listener: TcpListener,
        certificates: Option<Arc<Certificates>>,
        connections: Arc<Connections>,
    ) -> Self {
        Self { listener, certificates, connections }
    }

    /// Who may be connected to it.
    pub(super) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protocol {
    /// How a connection is served whose answers are sent so.
    pub(super) builder: fn(Attended) -> Builder<Attended>,
    /// Whether it is HTTP/2 and nothing else.
    pub(super) is_http2: bool,
    /// What somebody is told whose request found no place.
    pub(super) crowded: fn() -> Response,
}

/// What a connection is served with.
struct Serving<S> {
    protocol: Protocol,
    service: S,
    connections: Arc<Connections>,
    certificates: Option<Arc<Certificates>>,
    stop: CancellationToken,
}

/// Serves until told to stop, and then until every request has been answered. Each connection has a service of its own.
pub(super) async fn serve<S>(
    port: Port,
    protocol: Protocol,
    service: impl Fn(&TcpStream, IpAddr) -> S,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let Port { listener, certificates, connections } = port;
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
                let serving = Serving {
                    protocol,
                    service: service(&stream, peer.ip()),
                    connections: Arc::clone(&connections),
                    certificates: certificates.clone(),
                    stop: stop.clone(),
                };
                let watcher = open.watcher();
                tokio::spawn(serving.connection(stream, peer.ip(), place, watcher));
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
}

impl<S> Serving<S>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    /// Serves a connection until it ends, or the server does and nothing is under way on it any more.
    async fn connection(self, stream: TcpStream, peer: IpAddr, place: Place, watcher: Watcher) {
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let under_way = Arc::new(UnderWay::default());
        let Self { protocol, service, connections, certificates, stop } = self;
        let builder = (protocol.builder)(Attended { connections: Arc::clone(&connections), peer });
        let greeted = greeted(stream, place, Arc::clone(&under_way), protocol, certificates.as_deref());
        let Some(Some((spoken, stream))) = stop.run_until_cancelled(greeted).await else { return };
        let builder = match spoken {
            Spoken::Http1 => builder.http1_only(),
            Spoken::Http2 => builder.http2_only(),
            Spoken::Either => builder,
        };
        let service = TowerToHyperService::new(AtOnce::new(
            service,
            connections,
            peer,
            Arc::clone(&under_way),
            protocol.crowded,
        ));
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let nothing_is_under_way = async {
            stop.cancelled().await;
            under_way.ceases().await;
        };
        tokio::select! {
            ended = watcher.watch(connection) => if let Err(error) = ended {
                tracing::debug!(cause = &*error, "a connection broke");
            },
            () = nothing_is_under_way => tracing::debug!("a connection was left on which nothing was under way"),
        }
    }
}

/// What is spoken on a connection, as far as its beginning says.
enum Spoken {
    Http1,
    Http2,
    Either,
}

/// A connection on which a client has begun to speak, and that has been greeted where it is encrypted. `None`: it did not, in time.
async fn greeted(
    stream: TcpStream,
    place: Place,
    under_way: Arc<UnderWay>,
    protocol: Protocol,
    certificates: Option<&Certificates>,
) -> Option<(Spoken, Checked<Either<Heard, TlsStream<Heard>>>)> {
    let spoken = if protocol.is_http2 { Spoken::Http2 } else { Spoken::Either };
    // Which protocol it speaks is only known then, and until then hyper's own timeout does not run.
    if certificates.is_none() && !protocol.is_http2 && !begins(&stream).await {
        return None;
    }
    let mut heard = Heard::new(stream, place, under_way);
    if protocol.is_http2 {
        heard.has_to_speak();
    }
    let Some(certificates) = certificates else {
        return Some((spoken, Checked::new(Either::Left(heard))));
    };
    let mut stream = certificates.greet(heard).await?;
    let spoken = if stream.get_ref().1.alpn_protocol() == Some(HTTP2) || protocol.is_http2 {
        stream.get_mut().0.has_to_speak();
        Spoken::Http2
    } else {
        Spoken::Http1
    };
    Some((spoken, Checked::new(Either::Right(stream))))
}

/// Whether it is the one connection that failed, and not the listener.
pub(super) fn is_of_one_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
