//! `rollcall serve`: gateway, console and core in one process. The first two call the core in memory, by the same code that they
//! would call it by over TCP; the gRPC API listens too, for the administrator's commands and the application's services.

use anyhow::{Context as _, Result};
use clap::Args;
use rollcall_api::channel::CoreChannel;
use rollcall_core::bootstrap::FirstStart;
use rollcall_gateway::{ActivityLog, Readiness};

use super::certificates::Certificates;
use super::connections::Connections;
use super::first_start::{self, Reach};
use super::health::Health;
use super::lifecycle::{Servers, Signals};
use super::metrics::{Metrics, Sources, around_router, around_services};
use super::port::Port;
use super::traces::Traces;
use super::{access_log, console, core, database, gateway, grpc, http, listener, logging, parting};
use crate::apply::{self, AtStart};
use crate::output;
use crate::settings::{
    self, ConsoleSwitch, Database, General, Grpc, Http, Limits, Mtls, OpenId, Shutdown, Smtp, Start,
};

const EXAMPLES: &str = "\
Examples:
  rollcall serve
  rollcall serve --public-url https://id.example.com --database-url postgres://rollcall@db/rollcall
  rollcall serve --config rollcall.toml

The first start on an empty database makes the directory `default` and prints its SCIM token and an admin key.
The settings can come from the environment and from a file too; --help names each.";

/// The settings of `rollcall serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Settings {
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    grpc: Grpc,
    #[command(flatten)]
    mtls: Mtls,
    #[command(flatten)]
    console: ConsoleSwitch,
    #[command(flatten)]
    open_id: OpenId,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    start: Start,
    #[command(flatten)]
    smtp: Smtp,
    #[command(flatten)]
    limits: Limits,
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
    let traces = Traces::begin("rollcall")?;
    logging::init_traced(&settings.general, traces.statements())?;
    traces.tell();
    let mut limits = settings.limits.checked(&settings.http.large_body)?;
    limits.requests_of_one_directory = settings.database.requests_of_one_directory();
    settings.database.check_order(Some(settings.http.patience.core_timeout))?;
    let secrets = settings.start.bootstrap.secrets()?;
    let smtp = settings.smtp.server()?;
    let oidc = settings.open_id.provider()?;
    let http_certificates = Certificates::of_http(&settings.http.tls)?;
    let grpc_certificates = Certificates::of_grpc(&settings.grpc)?;
    let directories = AtStart::read(settings.start.directories_file.as_deref())?;
    let mut signals = Signals::new()?;
    // Listen first: a first start shows its secrets once, and must not be spent on a process that cannot serve.
    let http_listener = listener::bind("http-addr", settings.http.http_addr).await?;
    let grpc_listener = listener::bind("grpc-addr", settings.grpc.grpc_addr).await?;
    let metrics = Metrics::bind(&settings.metrics).await?;
    let (http_address, grpc_address) = (http_listener.local_addr()?, grpc_listener.local_addr()?);
    gateway::warn_if_exposed(&settings.http, http_address);
    core::warn_if_exposed(&settings.grpc, grpc_address);

    let start = async {
        let claimed =
            database::prepare(&settings.database, settings.start.no_migrate, "rollcall serve").await?;
        let core = database::core(claimed.store.clone(), limits)?.with_smtp(smtp);
        let made = core.first_start(&secrets, true).await.context("the first start failed")?;
        // Nobody looks at them again.
        drop(secrets);
        let applied = apply::at_start(&core, directories.as_ref()).await;
        Ok((claimed, core, made, applied))
    };
    let (claimed, core, made, applied) = signals.unless_one_comes(start).await?;
    let reach = Reach {
        public_url: &gateway::public_url(&settings.http, http_address),
        console: !settings.console.no_console,
        core_url: &core::url(&settings.grpc, grpc_address),
    };
    still_told(applied, &reach, &made)?;
    let (routes, reporter) = core.routes().await?;
    let routes = traces.around_services(around_services(metrics.as_ref(), routes));
    let health = Health::watch(core.clone(), reporter);
    let readiness = Readiness::default();
    let process = gateway::process_name()?;
    let channel = traces.around_channel(CoreChannel::memory(routes.clone()), &[]);
    let (activity, reporter) = ActivityLog::new(&process);
    let meter = activity.meter();
    let mut endpoint = rollcall_gateway::router(
        channel.clone(),
        gateway::gateway_settings(&settings.http, &process, &readiness, activity),
    );
    if !settings.console.no_console {
        let (public, patience) = (&settings.http.public, &settings.http.patience);
        endpoint =
            endpoint.merge(console::router(channel.clone(), public, patience, &settings.http.tls, oidc));
    }

    let proxies = &settings.http.proxies.trusted_proxies;
    let [http_connections, grpc_connections] =
        Connections::of_ports(&settings.connections, [proxies.as_slice(), &[]]);
    let http = Port::new(http_listener, http_certificates.clone(), http_connections);
    let grpc = Port::new(grpc_listener, grpc_certificates.clone(), grpc_connections);
    let mut servers = Servers::new();
    let endpoint = around_router(metrics.as_ref(), parting::around(endpoint, &readiness));
    let endpoint = access_log::around_router(&settings.http.access_log, proxies, endpoint);
    let endpoint = traces.around_router(endpoint);
    if let Some(metrics) = metrics {
        let sources = Sources {
            core: Some(core.clone()),
            takes_changes: Some(health.takes_changes()),
            activity: Some(meter),
            spans: traces.counts(),
            certificates: Certificates::of_ports([
                ("http", http_certificates.as_ref()),
                ("grpc", grpc_certificates.as_ref()),
            ]),
            connections: vec![("http", http.connections()), ("grpc", grpc.connections())],
            ..Sources::default()
        };
        metrics.serve(&mut servers, sources, &settings.connections)?;
    }
    let worker = core.clone();
    servers.start(|stop| async move {
        worker.work(stop).await;
        Ok(())
    });
    servers.start(|stop| http::serve(http, endpoint, stop));
    servers.start(|stop| gateway::report(reporter, channel, stop));
    servers.start(|stop| grpc::serve(grpc, routes, stop));
    tracing::info!(http = %http_address, grpc = %grpc_address, "gateway and core listen");
    output::line(&if made.created { first_start::first(&reach, &made) } else { first_start::usual(&reach) })?;
    // What was shown once is not kept.
    drop(made);

    let unready = async {
        readiness.drain();
        health.stop().await;
    };
    let ended = servers.run(signals, &settings.shutdown, unready).await;
    core.write_down().await;
    database::close(claimed).await;
    traces.end().await;
    ended
}

/// Whether the file of directories was refused. What a first start has made is shown all the same: nobody could make it again.
fn still_told(applied: Result<()>, reach: &Reach<'_>, made: &FirstStart) -> Result<()> {
    if applied.is_err() && made.created {
        output::line(&first_start::first(reach, made))?;
    }
    applied
}
