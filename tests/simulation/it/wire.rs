//! Connections of the simulated network, as the gRPC libraries take them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, stream};
use http::Uri;
use hyper_util::rt::TokioIo;
use rollcall_api::channel::CoreChannel;
use rollcall_api::hop;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::Endpoint;
use tonic::transport::server::Connected;
use turmoil::net::{TcpListener, TcpStream};

/// The name of the core's host, and its port.
pub(crate) const CORE: (&str, u16) = ("core", 50_051);

/// The way to the core, set up as a gateway's is.
pub(crate) fn channel() -> CoreChannel {
    let core = hop::gateway_end(Endpoint::from_static("http://core:50051"));
    let connector = tower::service_fn(|_: Uri| async { TcpStream::connect(CORE).await.map(TokioIo::new) });
    CoreChannel::tcp(core.connect_with_connector_lazy(connector))
}

/// The connections that come to a listener.
pub(crate) fn accepted(listener: TcpListener) -> impl Stream<Item = io::Result<Accepted>> {
    stream::unfold(listener, |listener| async move {
        let accepted = listener.accept().await.map(|(stream, _)| Accepted(stream));
        Some((accepted, listener))
    })
}

/// A connection that came to a listener.
#[derive(Debug)]
pub(crate) struct Accepted(TcpStream);

impl Connected for Accepted {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
