//! What operators watch: numbers at `/metrics`, on a port of their own, as Prometheus and OpenMetrics read them.
//!
//! Requests and calls are counted as they are answered, everything else is looked up when somebody asks. No label is of a person,
//! a credential or anything else of which there may be many; directories are as many as an operator allows.

mod calls;
mod catalogue;
mod looked_up;
mod process;
mod requests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use rollcall_api::cores::Cores;
use rollcall_core::Core;
use rollcall_gateway::ActivityMeter;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::service::Routes;

use self::calls::Calls;
use self::looked_up::LookedUp;
use self::process::Process;
use self::requests::Requests;
use super::certificates::Certificates;
use super::connections::Connections;
use super::lifecycle::Servers;
use super::port::Port;
use super::traces::SpanCounts;
use super::{http, listener};
use crate::settings;

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long the database may take to tell what lies in it; without an answer the rest is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// The numbers of a process, and where they are asked for.
#[derive(Debug)]
pub(super) struct Metrics {
    listener: TcpListener,
    numbers: Numbers,
}

#[derive(Debug)]
struct Numbers {
    registry: Registry,
    requests: Requests,
    calls: Calls,
    looked_up: LookedUp,
    process: Process,
    /// How many directories may be told of by their names.
    directories: u32,
}

/// Where the numbers come from that are looked up.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) core: Option<Core>,
    pub(super) activity: Option<ActivityMeter>,
    pub(super) cores: Option<Cores>,
    pub(super) spans: Option<Arc<SpanCounts>>,
    /// Whether the database took a change when that was last tried.
    pub(super) takes_changes: Option<Arc<AtomicBool>>,
    /// The certificates that each port shows, by what it is called.
    pub(super) certificates: Vec<(&'static str, Arc<Certificates>)>,
    /// The connections of each port, by what it is called.
    pub(super) connections: Vec<(&'static str, Arc<Connections>)>,
}

impl Metrics {
    /// Listens where that is asked for, so that an address that is taken is told before anything begins.
    pub(super) async fn bind(settings: &settings::Metrics) -> Result<Option<Self>> {
        let Some(address) = settings.metrics_addr else { return Ok(None) };
        let listener = listener::bind("metrics-addr", address).await?;
        Ok(Some(Self { listener, numbers: Numbers::new(settings.metrics_directories) }))
    }

    /// Serves the numbers.
    pub(super) fn serve(
        self,
        servers: &mut Servers,
        sources: Sources,
        connections: &settings::Connections,
    ) -> Result<()> {
        let address = self.listener.local_addr()?;
        let [connections] = Connections::of_ports(connections, [&[]]);
        let served = Arc::new(Served { numbers: self.numbers, sources });
        let router = Router::new().route("/metrics", get(tell)).with_state(served);
        let port = Port::new(self.listener, None, connections);
        servers.start(|stop| http::serve(port, router, stop));
        tracing::info!(%address, "metrics are at /metrics");
        Ok(())
    }
}

/// A router whose requests are counted, where somebody asks for that.
pub(super) fn around_router(metrics: Option<&Metrics>, router: Router) -> Router {
    match metrics {
        Some(metrics) => router.layer(metrics.numbers.requests.clone()),
        None => router,
    }
}

/// Services whose calls are counted, where somebody asks for that.
pub(super) fn around_services(metrics: Option<&Metrics>, routes: Routes) -> Routes {
    match metrics {
        Some(metrics) => {
            Routes::from(routes.into_axum_router().layer(metrics.numbers.calls.clone())).prepare()
        }
        None => routes,
    }
}

impl Numbers {
    fn new(directories: u32) -> Self {
        let mut registry = Registry::default();
        Self {
            requests: Requests::register(&mut registry),
            calls: Calls::register(&mut registry),
            looked_up: LookedUp::register(&mut registry),
            process: Process::register(&mut registry),
            registry,
            directories,
        }
    }
}

/// A histogram of durations in seconds, from half a millisecond to half a minute.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 17))
}

#[derive(Debug)]
struct Served {
    numbers: Numbers,
    sources: Sources,
}

async fn tell(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let Served { numbers, sources } = &*served;
    numbers.process.look();
    numbers.looked_up.look(sources);
    if let Some(core) = &sources.core {
        let stock = match timeout(PATIENCE, core.stock(numbers.directories)).await {
            Ok(Ok(stock)) => Some(stock),
            Ok(Err(error)) => {
                tracing::debug!(
                    cause = &error as &dyn std::error::Error,
                    "what lies in the database is not known"
                );
                None
            }
            Err(_) => None,
        };
        numbers.looked_up.note_stock(stock.as_ref());
    }
    let mut told = String::new();
    let wants_open_metrics = headers
        .get_all(ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("application/openmetrics-text")));
    let (written, media_type) = if wants_open_metrics {
        (text::encode(&mut told, &numbers.registry), OPEN_METRICS)
    } else {
        (prometheus_text::encode(&mut told, &numbers.registry), prometheus_text::CONTENT_TYPE)
    };
    match written {
        Ok(()) => ([(CONTENT_TYPE, media_type)], told).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
