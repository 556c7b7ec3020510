//! A gateway: its real router, in front of the core over the network.

use std::convert::Infallible;
use std::future::pending;
use std::net::Ipv4Addr;

use http::HeaderValue;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rollcall_gateway::{ActivityLog, PeerAddress, Settings};
use tower::ServiceExt as _;
use turmoil::net::TcpListener;

use crate::{GATEWAY_KEY, wire};

/// The port of the SCIM endpoint.
pub(crate) const PORT: u16 = 8080;

/// Serves until the host crashes. `name` tells this start from every other one.
pub(crate) async fn serve(name: String) -> turmoil::Result {
    let core = wire::balanced();
    let (activity, reporter) = ActivityLog::new(&name);
    let key = HeaderValue::try_from(format!("Bearer {GATEWAY_KEY}"))?;
    tokio::spawn(reporter.with_key(key).run(core.clone(), pending()));
    let settings =
        Settings { public_url: Some("https://id.example.com".to_owned()), activity, ..Settings::default() };
    let router = rollcall_gateway::router(core, settings);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        let router = router.clone().map_request(move |mut request: http::Request<_>| {
            request.extensions_mut().insert(PeerAddress(peer.ip()));
            request
        });
        let router = router.map_err(|never: Infallible| match never {});
        tokio::spawn(async move {
            // A connection that breaks is nobody's fault here.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
                .await;
        });
    }
}
