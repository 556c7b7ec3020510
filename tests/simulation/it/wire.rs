//! Connections of the simulated network, as the gRPC libraries take them.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, stream};
use http::Uri;
use hyper_util::rt::TokioIo;
use rollcall_api::channel::CoreChannel;
use rollcall_api::cores::{Cores, Network};
use rollcall_api::hop;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::codegen::BoxFuture;
use tonic::transport::server::Connected;
use tonic::transport::{Channel, Endpoint};
use turmoil::net::{TcpListener, TcpStream};

/// The name of the core's host, and its port.
pub(crate) const CORE: (&str, u16) = ("core", 50_051);

/// One connection to the core, as a service has it.
pub(crate) fn channel() -> CoreChannel {
    let core = hop::gateway_end(url());
    CoreChannel::tcp(Simulated.channel(&core, (turmoil::lookup(CORE.0), CORE.1).into()))
}

/// The way to the core that a gateway takes.
pub(crate) fn balanced() -> CoreChannel {
    CoreChannel::balanced(Cores::find(vec![url()], Simulated))
}

fn url() -> Endpoint {
    Endpoint::from_static("http://core:50051")
}

/// The simulated network.
#[derive(Debug)]
struct Simulated;

impl Network for Simulated {
    fn look_up(&self, host: &str, port: u16) -> BoxFuture<Vec<SocketAddr>, io::Error> {
        Box::pin(ready(Ok(vec![(turmoil::lookup(host), port).into()])))
    }

    fn channel(&self, core: &Endpoint, address: SocketAddr) -> Channel {
        let connector =
            tower::service_fn(
                move |_: Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) },
            );
        core.connect_with_connector_lazy(connector)
    }
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
