//! How names are looked up and cores connected to: over TCP, or over a simulated network.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tonic::codegen::BoxFuture;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

/// The network between a client and its cores.
pub trait Network: Debug + Send + Sync + 'static {
    /// The addresses that a host has at present, with this port. Errors: those of whoever knows names.
    fn look_up(&self, host: &str, port: u16) -> BoxFuture<Vec<SocketAddr>, io::Error>;

    /// A channel to the core at an address, which connects when it is first used and again whenever the connection breaks. What
    /// the core is called, and trusted as, is in the endpoint.
    fn channel(&self, core: &Endpoint, address: SocketAddr) -> Channel;
}

/// TCP, and the names that the system knows.
#[derive(Debug, Clone, Copy)]
pub struct Tcp;

impl Network for Tcp {
    fn look_up(&self, host: &str, port: u16) -> BoxFuture<Vec<SocketAddr>, io::Error> {
        let host = host.to_owned();
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    }

    fn channel(&self, core: &Endpoint, address: SocketAddr) -> Channel {
        core.connect_with_connector_lazy(service_fn(move |_: Uri| async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }))
    }
}
