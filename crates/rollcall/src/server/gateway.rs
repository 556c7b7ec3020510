//! `rollcall gateway`: SCIM over HTTP in front of a core elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use rollcall_api::channel::CoreChannel;
use rollcall_api::cores::{Cores, Tcp};
use rollcall_core::{Random as _, SystemRandom};
use rollcall_gateway::{ActivityLog, Readiness, Reporter, RequestIds};
use tokio_util::sync::CancellationToken;

use super::certificates::Certificates;
use super::connections::Connections;
use super::lifecycle::{Servers, Signals};
use super::metrics::{Metrics, Sources, around_router};
use super::port::Port;
use super::traces::Traces;
use super::{access_log, http, listener, logging, parting, tls};
use crate::output;
use crate::settings::{self, CoreConnection, GatewayKey, General, Http, Shutdown};

const EXAMPLES: &str = "\
Examples:
  rollcall gateway --http-addr 0.0.0.0:8080 --core-url http://core:50051 --public-url https://id.example.com
  rollcall gateway --core-url https://core:50051 --core-ca-cert ca.pem --gateway-key-file gateway.key
  rollcall gateway --core-url http://core-1:50051,http://core-2:50051

A gateway holds no data: run as many as you like. The core lets it write the activity log with a key of its own:
`rollcall service-key create gateways --scope activity.write` makes one. It answers /healthz and /readyz for probes.
The settings can come from the environment and from a file too; --help names each.";

/// The settings of `rollcall gateway`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Settings {
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    core: CoreConnection,
    #[command(flatten)]
    key: GatewayKey,
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
    let traces = Traces::begin("rollcall-gateway")?;
    logging::init_traced(&settings.general, traces.statements())?;
    traces.tell();
    let key = settings.key.authorization()?;
    let certificates = Certificates::of_http(&settings.http.tls)?;
    let signals = Signals::new()?;
    let listener = listener::bind("http-addr", settings.http.http_addr).await?;
    let metrics = Metrics::bind(&settings.metrics).await?;
    let address = listener.local_addr()?;
    warn_if_exposed(&settings.http, address);

    let readiness = Readiness::default();
    let cores = cores(&settings.core)?;
    let core = traces.around_channel(CoreChannel::balanced(cores.clone()), &settings.core.core_url);
    let process = process_name()?;
    let (activity, reporter) = if let Some(key) = key {
        let (activity, reporter) = ActivityLog::new(&process);
        (activity, Some(reporter.with_key(key)))
    } else {
        tracing::warn!(
            "there is no gateway-key: what this gateway answers will not be in the activity log; \
                 `rollcall service-key create gateways --scope activity.write` makes one"
        );
        (ActivityLog::default(), None)
    };
    let meter = activity.meter();
    let router = rollcall_gateway::router(
        core.clone(),
        gateway_settings(&settings.http, &process, &readiness, activity),
    );
    let proxies = settings.http.proxies.trusted_proxies.as_slice();
    let [connections] = Connections::of_ports(&settings.connections, [proxies]);
    let mut servers = Servers::new();
    let router = around_router(metrics.as_ref(), parting::around(router, &readiness));
    let router = access_log::around_router(&settings.http.access_log, proxies, router);
    let router = traces.around_router(router);
    if let Some(metrics) = metrics {
        let sources = Sources {
            activity: Some(meter),
            cores: Some(cores),
            spans: traces.counts(),
            certificates: Certificates::of_ports([("http", certificates.as_ref())]),
            connections: vec![("http", Arc::clone(&connections))],
            ..Sources::default()
        };
        metrics.serve(&mut servers, sources, &settings.connections)?;
    }
    servers.start(|stop| http::serve(Port::new(listener, certificates, connections), router, stop));
    if let Some(reporter) = reporter {
        servers.start(|stop| report(reporter, core, stop));
    }
    let cores = settings.core.core_url.join(",");
    tracing::info!(%address, cores, "the gateway listens");
    output::line(&format!(
        "Rollcall gateway is ready: SCIM endpoint {}/scim/v2",
        public_url(&settings.http, address)
    ))?;

    let ended = servers.run(signals, &settings.shutdown, async { readiness.drain() }).await;
    traces.end().await;
    ended
}

/// The cores that requests go to, which are looked for from now on.
pub(super) fn cores(settings: &CoreConnection) -> Result<Cores> {
    let (certificate, key) = (settings.core_client_cert.as_deref(), settings.core_client_key.as_deref());
    let client = tls::pair("core-client-cert", certificate, "core-client-key", key)?;
    let endpoint = |url: &String| tls::endpoint("core-url", url, settings.core_ca_cert.as_deref(), client);
    let endpoints: Result<Vec<_>> = settings.core_url.iter().map(endpoint).collect();
    Ok(Cores::find(endpoints?, Tcp))
}

/// The settings as the gateway takes them.
pub(super) fn gateway_settings(
    http: &Http,
    process: &str,
    readiness: &Readiness,
    activity: ActivityLog,
) -> rollcall_gateway::Settings {
    rollcall_gateway::Settings {
        public_url: http.public.public_url.clone(),
        is_encrypted: http.tls.is_on(),
        max_user_body_bytes: http.max_user_body.0,
        max_large_body_bytes: http.large_body.max_large_body.0,
        body_memory_bytes: http.max_body_memory.0,
        core_timeout: http.patience.core_timeout,
        body_timeout: http.body_timeout,
        request_ids: RequestIds::with_prefix(process),
        trusted_proxies: http.proxies.trusted_proxies.clone(),
        tells_bearers: http.access_log.access_log,
        activity,
        readiness: readiness.clone(),
    }
}

/// Reports to the core what was answered, until everything has been.
pub(super) async fn report(reporter: Reporter, core: CoreChannel, stop: CancellationToken) -> Result<()> {
    reporter.run(core, stop.cancelled()).await;
    Ok(())
}

/// Characters that tell this start of this replica from every other one.
pub(super) fn process_name() -> Result<String> {
    let random = SystemRandom::new().context("the system has no randomness to give")?;
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// The URL before the path of the SCIM endpoint: the public one, or the one on this machine.
pub(super) fn public_url(http: &Http, address: SocketAddr) -> String {
    http.public
        .public_url
        .clone()
        .unwrap_or_else(|| format!("{}://{}", http.tls.scheme(), listener::reachable(address)))
}

/// Credentials that cross a network in the clear are read by whoever listens there.
pub(super) fn warn_if_exposed(http: &Http, address: SocketAddr) {
    let behind_tls = http.public.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    if !address.ip().is_loopback() && !behind_tls && !http.tls.is_on() {
        tracing::warn!(
            %address,
            "the SCIM endpoint is open to the network without TLS: give http-tls-cert and http-tls-key, or put a proxy in front that \
             has it, and say so with public-url"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_names_its_requests_otherwise() {
        let (one, other) = (process_name().unwrap(), process_name().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 16);
    }
}
