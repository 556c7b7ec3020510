//! `rollcall core`: the identity core over gRPC.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;

use super::certificates::Certificates;
use super::connections::Connections;
use super::health::Health;
use super::lifecycle::{Servers, Signals};
use super::metrics::{Metrics, Sources, around_services};
use super::port::Port;
use super::traces::Traces;
use super::{database, grpc, listener, logging};
use crate::apply::{self, AtStart};
use crate::output;
use crate::settings::{self, Database, General, Grpc, LargeBody, Limits, Mtls, Shutdown, Smtp, Start};

const EXAMPLES: &str = "\
Examples:
  rollcall core --database-url postgres://rollcall@db/rollcall --grpc-addr 0.0.0.0:50051
  rollcall core --grpc-tls-cert core.pem --grpc-tls-key core.key --grpc-tls-client-ca ca.pem

A core prints no secret. Give it a first admin key with ROLLCALL_BOOTSTRAP_ADMIN_KEY, or make one on the database with
`rollcall admin-key create`. Several may run on one PostgreSQL database.
The settings can come from the environment and from a file too; --help names each.";

/// The settings of `rollcall core`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Settings {
    #[command(flatten)]
    grpc: Grpc,
    #[command(flatten)]
    mtls: Mtls,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    start: Start,
    #[command(flatten)]
    smtp: Smtp,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    large_body: LargeBody,
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
    let traces = Traces::begin("rollcall-core")?;
    logging::init_traced(&settings.general, traces.statements())?;
    traces.tell();
    let mut limits = settings.limits.checked(&settings.large_body)?;
    limits.requests_of_one_directory = settings.database.requests_of_one_directory();
    let secrets = settings.start.bootstrap.secrets()?;
    let smtp = settings.smtp.server()?;
    let certificates = Certificates::of_grpc(&settings.grpc)?;
    let directories = AtStart::read(settings.start.directories_file.as_deref())?;
    let mut signals = Signals::new()?;
    let listener = listener::bind("grpc-addr", settings.grpc.grpc_addr).await?;
    let metrics = Metrics::bind(&settings.metrics).await?;
    let address = listener.local_addr()?;
    warn_if_exposed(&settings.grpc, address);

    let start = async {
        let claimed =
            database::prepare(&settings.database, settings.start.no_migrate, "rollcall core").await?;
        let core = database::core(claimed.store.clone(), limits)?.with_smtp(smtp);
        core.first_start(&secrets, false).await.context("the first start failed")?;
        // Nobody looks at them again.
        drop(secrets);
        apply::at_start(&core, directories.as_ref()).await?;
        Ok((claimed, core))
    };
    let (claimed, core) = signals.unless_one_comes(start).await?;
    let (routes, reporter) = core.routes().await?;
    let routes = traces.around_services(around_services(metrics.as_ref(), routes));
    let health = Health::watch(core.clone(), reporter);

    let [connections] = Connections::of_ports(&settings.connections, [&[]]);
    let mut servers = Servers::new();
    if let Some(metrics) = metrics {
        let sources = Sources {
            core: Some(core.clone()),
            takes_changes: Some(health.takes_changes()),
            spans: traces.counts(),
            certificates: Certificates::of_ports([("grpc", certificates.as_ref())]),
            connections: vec![("grpc", Arc::clone(&connections))],
            ..Sources::default()
        };
        metrics.serve(&mut servers, sources, &settings.connections)?;
    }
    let worker = core.clone();
    servers.start(|stop| async move {
        worker.work(stop).await;
        Ok(())
    });
    servers.start(|stop| grpc::serve(Port::new(listener, certificates, connections), routes, stop));
    tracing::info!(%address, "the core listens");
    output::line(&format!("Rollcall core is ready: gRPC {}", url(&settings.grpc, address)))?;

    let ended = servers.run(signals, &settings.shutdown, health.stop()).await;
    core.write_down().await;
    database::close(claimed).await;
    traces.end().await;
    ended
}

/// The URL of the gRPC API on this machine.
pub(super) fn url(grpc: &Grpc, address: SocketAddr) -> String {
    let scheme = if grpc.grpc_tls_cert.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", listener::reachable(address))
}

/// Credentials that cross a network in the clear are read by whoever listens there.
pub(super) fn warn_if_exposed(grpc: &Grpc, address: SocketAddr) {
    if !address.ip().is_loopback() && grpc.grpc_tls_cert.is_none() {
        tracing::warn!(
            %address,
            "the gRPC API is open to the network without TLS: give grpc-tls-cert and grpc-tls-key, or keep the network closed"
        );
    }
}
