//! Connections of the simulated network, as the gRPC libraries take them.

use std::future::ready;
use std::io;
use std::net::SocketAddr;

use http::Uri;
use hyper_util::rt::TokioIo;
use rollcall_api::channel::CoreChannel;
use rollcall_api::cores::{Cores, Network};
use rollcall_api::hop;
use tonic::codegen::BoxFuture;
use tonic::transport::{Channel, Endpoint};
use turmoil::net::TcpStream;

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
