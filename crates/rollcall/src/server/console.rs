//! `rollcall console`: the web console in front of a core elsewhere; and the same console beside a gateway.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use clap::Args;
use rollcall_api::channel::CoreChannel;
use rollcall_console::OpenIdConnect;
use rollcall_core::{Clock as _, SystemClock};
use rollcall_gateway::Readiness;

use super::certificates::Certificates;
use super::connections::Connections;
use super::lifecycle::{Servers, Signals};
use super::metrics::{Metrics, Sources, around_router};
use super::port::Port;
use super::traces::Traces;
use super::{access_log, gateway, http, listener, logging, parting};
use crate::output;
use crate::settings::{
    self, ConsoleHttp, CoreConnection, General, HttpTls, OpenId, Patience, Public, Shutdown,
};

const EXAMPLES: &str = "\
Examples:
  rollcall console --console-addr 0.0.0.0:8090 --core-url http://core:50051 --public-url https://id.example.com

Administrators sign in with an admin key; `rollcall admin-key create` makes one. With an OpenID provider (--oidc-issuer) they
need none. A console holds no data.
`rollcall serve` has the same console at /admin of its HTTP address.
The settings can come from the environment and from a file too; --help names each.";

/// The settings of `rollcall console`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Settings {
    #[command(flatten)]
    http: ConsoleHttp,
    #[command(flatten)]
    open_id: OpenId,
    #[command(flatten)]
    core: CoreConnection,
    #[command(flatten)]
    connections: settings::Connections,
    #[command(flatten)]
    metrics: settings::Metrics,
    #[command(flatten)]
    shutdown: Shutdown,
    #[command(flatten)]
    pub(crate) general: General,
}

/// Runs until it is told to end.
pub(crate) async fn run(settings: Settings) -> Result<()> {
    let traces = Traces::begin("rollcall-console")?;
    logging::init_traced(&settings.general, traces.statements())?;
    traces.tell();
    let oidc = settings.open_id.provider()?;
    let certificates = Certificates::of_http(&settings.http.tls)?;
    let signals = Signals::new()?;
    let listener = listener::bind("console-addr", settings.http.address.console_addr).await?;
    let metrics = Metrics::bind(&settings.metrics).await?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() && certificates.is_none() {
        tracing::warn!(%address, "the console is open to the network without TLS: give http-tls-cert and http-tls-key, or put a proxy in front that has it");
    }
    let cores = gateway::cores(&settings.core)?;
    let core = traces.around_channel(CoreChannel::balanced(cores.clone()), &settings.core.core_url);
    let readiness = Readiness::default();
    let (public, patience, tls) = (&settings.http.public, &settings.http.patience, &settings.http.tls);
    let router = router(core.clone(), public, patience, tls, oidc)
        .merge(rollcall_gateway::probes(core, readiness.clone()));
    let proxies = settings.http.proxies.trusted_proxies.as_slice();
    let [connections] = Connections::of_ports(&settings.connections, [proxies]);
    let mut servers = Servers::new();
    let router = around_router(metrics.as_ref(), parting::around(router, &readiness));
    let router = access_log::around_router(&settings.http.access_log, proxies, router);
    let router = traces.around_router(router);
    if let Some(metrics) = metrics {
        let sources = Sources {
            cores: Some(cores),
            spans: traces.counts(),
            certificates: Certificates::of_ports([("http", certificates.as_ref())]),
            connections: vec![("http", Arc::clone(&connections))],
            ..Sources::default()
        };
        metrics.serve(&mut servers, sources, &settings.connections)?;
    }
    servers.start(|stop| http::serve(Port::new(listener, certificates, connections), router, stop));
    let cores = settings.core.core_url.join(",");
    tracing::info!(%address, cores, "the console listens");
    output::line(&format!(
        "Rollcall console is ready: {}://{}/admin",
        tls.scheme(),
        listener::reachable(address)
    ))?;

    let unready = async {
        readiness.drain();
    };
    let ended = servers.run(signals, &settings.shutdown, unready).await;
    traces.end().await;
    ended
}

/// The pages of the console.
pub(super) fn router(
    core: CoreChannel,
    public: &Public,
    patience: &Patience,
    tls: &HttpTls,
    oidc: Option<OpenIdConnect>,
) -> Router {
    rollcall_console::router(
        core,
        rollcall_console::Settings {
            public_url: public.public_url.clone(),
            is_encrypted: tls.is_on(),
            oidc: oidc.map(Arc::new),
            core_timeout: patience.core_timeout,
            now: || SystemClock.now(),
        },
    )
}
