//! What operators watch a process by.

use std::net::SocketAddr;

use clap::Args;
use clap::builder::RangedI64ValueParser;

use super::address;

/// Where the metrics are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Metrics")]
pub(crate) struct Metrics {
    /// Address at which metrics are, under /metrics, as Prometheus and OpenMetrics read them; without one there are none
    #[arg(long, env = "ROLLCALL_METRICS_ADDR", value_name = "IP:PORT", value_parser = address::parse)]
    pub(crate) metrics_addr: Option<SocketAddr>,

    /// Directories that metrics tell of by their names, at most
    #[arg(long, env = "ROLLCALL_METRICS_DIRECTORIES", value_name = "N", default_value_t = 100,
          value_parser = RangedI64ValueParser::<u32>::new().range(0..=10_000))]
    pub(crate) metrics_directories: u32,
}
