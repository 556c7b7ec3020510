//! The core's gRPC API over TCP.

use std::future::ready;
use std::io;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use rollcall_api::hop;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use super::certificates::Certificates;
use super::connections::{Connections, Place};
use super::heard::Heard;

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
    let serving = hop::core_end().add_routes(routes);
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
