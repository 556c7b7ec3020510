//! The core: its real routes, on a SQLite file that outlives its crashes.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rollcall_api::hop;
use rollcall_core::{Core, Limits};
use tokio_util::sync::CancellationToken;
use turmoil::net::TcpListener;

use crate::template;
use crate::time::{SeededRandom, SimulatedClock};
use crate::wire::CORE;

/// Serves until the host crashes.
pub(crate) async fn serve(
    file: &Path,
    clock: Arc<SimulatedClock>,
    random: Arc<SeededRandom>,
) -> turmoil::Result {
    let store = template::open(file).await;
    let core = Core::new(store, clock, random, Limits::default());
    let (routes, _health) = core.routes().await?;
    tokio::spawn(async move { core.work(CancellationToken::new()).await });
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, CORE.1)).await?;
    let end = hop::core_end(TokioExecutor::new()).http2_only();
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(end.serve_connection(TokioIo::new(stream), service).into_owned());
    }
}
