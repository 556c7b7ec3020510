//! How many may be connected.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// The connections of each port.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub(crate) struct Connections {
    /// Connections to each port at once; further ones are closed
    #[arg(long, env = "ROLLCALL_MAX_CONNECTIONS", value_name = "N", default_value_t = 10_000,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(crate) max_connections: usize,

    /// Of these from one address, or of IPv6 from one /64; on the HTTP port trusted proxies may have them all
    #[arg(long, env = "ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 2000,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(crate) max_connections_per_address: usize,
}
